"""How a cluster is spoken to: credentials, requests, streams, and errors as sentences.

Every request goes through connection.py. Nothing here knows what a release is.
Imports base, cluster/contexts, objects, settings.
"""
