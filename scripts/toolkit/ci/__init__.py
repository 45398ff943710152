"""CI systems and git: which repository code belongs to; its branch, commit and author; which files it is.

A new CI system is a row in systems.py; its definition lies in ci/ at the top of the repository.
Imports base.
"""
