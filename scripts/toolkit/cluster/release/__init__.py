"""What changes a cluster and remembers it: apply, prune, the lock, releases, drift.

A release is written down before its first object is applied. What only reads before that is preflight/.
Imports base, cluster/access, cluster/api, cluster/diagnosis, cluster/release/changing, cluster/release/kept,
objects, settings.
"""
