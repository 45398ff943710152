"""What an app's objects are rendered from, a file each: templates of the pipeline's own, a chart, an overlay.

Another source is a file here with read(app, given), notes(app) and PROGRAMS, and a row in sources.py. What
comes out of all of them is the same: objects with the place that they stand in.
Imports base, objects/deciphering, objects/reading, settings, settings/apps, settings/tables.
"""
