"""Known weaknesses of packages: where they are had from, and one database that safety reads.

A new body of advisories is a module that gives model.py's documents, and a line in database.py; whoever else
is to be asked about single pins is a module with an `ask`, and a row in asking.py.
Imports base, checks.
"""
