"""What the API server checks before it stores an object, one module per family of kinds. All pure.

May import types/ and wire/. A check for one kind goes into the module of its family, one for all kinds into
metadata.py; the words of a problem are in causes.py.
"""
