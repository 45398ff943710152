"""The Kubernetes side. From below: api/, diagnosis/, then evidence/, release/, verdict/ and preflight/.

Nothing lies in the root. What an object is, without a cluster, is in objects/.
Imports nothing of the toolkit.
"""
