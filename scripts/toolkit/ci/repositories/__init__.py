"""Repositories elsewhere: their address, what their refs lead to, and checkouts of them that are kept.

Only git is asked over the network, and credentials are its business: a helper's, ssh's, or those of an
address. What git complains of in words: troubles.py. Where a checkout lies, and for how long: cache.py;
who changes and who uses it: kept.py.
Imports base, ci, settings/said.
"""
