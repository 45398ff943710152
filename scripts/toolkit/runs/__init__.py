"""What a run leaves behind in .pipeline/, and what can be told from it later.

record.py writes run.json so that it is true at every moment; undoing.py tells from the stages in it whether
a release has to be undone. What else is told from a record alone goes here.
Imports base, typed.
"""
