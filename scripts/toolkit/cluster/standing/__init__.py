"""Where a release stands: whether it is the one that was meant, verified, and whose turn it is.

Imports base, ci, cluster/api, cluster/diagnosis, cluster/release, objects, runs,
settings.
"""
