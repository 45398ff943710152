"""The parts of an app's table in apps.toml, one file each: the type that it becomes, and its reader.

A new part of an app's table: a file here, a field of App in model.py, a line in config.py.
Imports ci/repositories, settings/said, settings/tables.
"""
