"""What everything rests on: outcomes and exit codes, programs, redaction, the console, signals.

What nearly every script needs and what knows nothing of apps, clusters or runs goes here: one way to start
a program (tools.py; processes.py in the background), one way to keep a secret (redaction.py), one shape of
an end (outcome.py).
Imports typed.
"""
