"""The files that a configuration is made of: which one is meant, what it extends, and what both come to.

A new way to name a file that is extended: extending.py. How tables become one: merging.py. Where a key is
from, which messages and paths need: origin.py. Nothing here knows what a key means.
Imports base.
"""
