"""The Kubernetes side. From below: access/, api/, diagnosis/, then what stands on them.

Nothing lies in the root. What an object is, without a cluster, is in objects/.
Imports nothing of the toolkit.
"""
