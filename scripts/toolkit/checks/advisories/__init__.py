"""Known weaknesses of packages: where they are had from, and one database that safety reads.

A new source of advisories is a module that gives model.py's documents, and a line in database.py.
Imports base, checks.
"""
