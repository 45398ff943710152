"""Values that are kept elsewhere, mostly encrypted: fetched, unlocked, read into memory, masked, never kept.

What unlocks them is a row in unlocking.py. A folder that has to hold them for a moment is private.py's.
Imports base, ci/repositories, objects/reading, settings/apps, settings/said, settings/tables.
"""
