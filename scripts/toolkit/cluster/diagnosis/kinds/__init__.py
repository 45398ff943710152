"""What done, doomed and waiting mean, a row a kind; and how far an object that was applied has come. Pure.

A new kind: a row in table.py, its rule in the module of its family, a folder or three in tests/scenarios (one
that is good, one that is doomed, one that looks doomed and is not).
Imports cluster/api, cluster/diagnosis, objects, settings/said.
"""
