"""Images: built once for the same inputs and named by digest; which of them there are.

A new builder is a row in builders.py, which only says what to call; building.py calls it, asking.py says
whether it can be done from here.
Imports base, ci, cluster/diagnosis, runs, settings.
"""
