"""The tables at the top of apps.toml, one file each: the type that it becomes, and its reader.

Fields reads any table key by key; what a reader does not take is refused as unknown. A new table at the top:
a file here, a field of Config and a line in config.py. The parts of an app's table are in settings/apps.
Imports base, ci/repositories, settings/files, settings/said.
"""
