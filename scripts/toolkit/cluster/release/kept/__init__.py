"""What was applied for a release, as the cluster keeps it: packed, in parts where one object cannot hold it.

packing.py makes text of objects and objects of text; parts.py writes what is too large for the release's own
ConfigMap into others, and takes out those that no release refers to.
Imports cluster/api, objects.
"""
