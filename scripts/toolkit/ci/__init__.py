"""CI systems: which one this is, and the branch, commit, author and job that it tells of.

A new CI system is a row in systems.py; its definition lies in ci/ at the top of the repository.
Imports base.
"""
