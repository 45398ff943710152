"""Whether quotas have room for a rollout: what a pod counts for, how many come at once, what is short. Pure.

Imports cluster/preflight/saying, objects.
"""
