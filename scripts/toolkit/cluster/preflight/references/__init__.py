"""What an app's objects refer to, and what of it is missing. A module a kind of reference. Pure.

A new kind of reference: a module that yields Reference rows, and its function in ROWS of gathering.py.
What a part of an object is (a key, a port) is a row in parts.py. Imports cluster/preflight/saying, objects.
"""
