"""What whoever looks after a cluster has to give an app before it can come: Roles, and what must be there.

As lists with what is there and what is missing, and as YAML to apply or to fill in; it is what the preflight
asks for. Imports base, cluster/access, cluster/api, cluster/preflight, cluster/preflight/references,
cluster/preflight/saying, cluster/release, objects, settings.
"""
