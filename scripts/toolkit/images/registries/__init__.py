"""Registries asked without a container engine: whether an image is there, and its digest.

reference.py takes a name apart, credentials.py finds what a login left on this machine, asking.py asks.
Imports base.
"""
