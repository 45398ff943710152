"""Releases broken on purpose, in the sandbox or elsewhere, and whether the pipeline made of it what it must.

A new drill is a table in drills/causes.toml; only a new way to break something needs code, in workshop.py.
Imports base, ci, cluster/api, drills/grounds, objects, pipeline, runs, settings,
settings/tables.
"""
