"""What an app's credentials are for and must be allowed: namespaces, variables, rights. Pure.

A new right: a row in rights.py, which `make role` prints and the preflight asks for.
Imports objects, settings.
"""
