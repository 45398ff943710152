"""Deployments, ReplicaSets and Jobs: what keeps pods coming.

May import machinery/. A kind of workload more is a module here, its arithmetic in a pure one beside it (as
rolling.py is to deployment.py), and a line in manager.py.
"""
