"""What a cluster is and serves, for whoever renders something for it; asked once in a process.

Imports cluster/api, objects.
"""
