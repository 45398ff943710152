"""Objects in; out comes what is wrong with them and how far they are. Pure but for scene.look.

A new cause of failure: a row in finding.py (with its remedy), its words in signs.py, a rule in the module
of the thing that shows it (container_, pod_diagnosis.py, diagnosis.py, workloads.py). A new kind that is
awaited: a row in kinds/table.py.
Imports cluster/api, objects.
"""
