"""apps.toml, flags and variables, as typed objects: what a script was asked to do.

A new key of apps.toml: its file in tables/ or apps/, its field in model.py, its line in config.py, and in
consistency.py whether it fits the others. A new flag of every script: flags.py. What may be called how:
names.py. Which secrets a stage gets: secrecy.py. The shape of a script: command.py.
Imports base, ci, ci/repositories, runs, settings/apps, settings/files, settings/said, settings/tables, typed.
"""
