"""What ends a service with all that it started, even where the run that wanted it was killed: a process.

Its own process, started as a file, so it has no dependency at all.
Imports nothing of the toolkit.
"""
