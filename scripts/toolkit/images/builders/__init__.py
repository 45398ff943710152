"""The builders of images: what each calls, how its answers are read, and what it can do.

A new one: a file here with its row, the row in table.py, and its name in settings/tables/clusters.py.
Imports base, images/registries, settings.
"""
