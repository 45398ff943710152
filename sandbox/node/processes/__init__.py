"""One process of this machine per container: its guard (shim.py), finding it again, its memory, its end.

Imports nothing else of the sandbox: this room knows directories and process ids, neither pods nor an API.
What touches signals, /proc or pidfds goes here. shim.py is started as a file, on the standard library alone.
"""
