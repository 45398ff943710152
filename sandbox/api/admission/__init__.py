"""What the rest of the cluster has to say about a write: namespaces, accounts, limits, quotas, pod security.

May import access/, defaults/, storage/ and wire/. One more admission plug-in is a pure module here, called
by chain.py.
"""
