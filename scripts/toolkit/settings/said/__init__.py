"""Words that people write in apps.toml and elsewhere: durations, near misses, how objects are to be judged.

A new word on how an object is judged: a field of Judging and its reader in judging.py.
Imports nothing of the toolkit.
"""
