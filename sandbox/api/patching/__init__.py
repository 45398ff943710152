"""Object and change in, new object out: server-side apply with its field sets and managers, and the patches.

Pure; may import types/. Whatever merges goes here, and learns from types/listtypes.py how a list merges.
"""
