"""What a server-side apply alone does not bring about: the old choice of a union, taken out with the new one.

A new one: a row in UNIONS of unions.py, or a module beside it that apply.py calls when an apply is refused.
Imports cluster/api, objects.
"""
