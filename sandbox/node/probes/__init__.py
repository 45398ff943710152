"""Probes: how one is run (handlers.py), when its result counts (probing.py), and its schedule (checks.py).

Imports nothing else of the sandbox. A kind of probe or lifecycle handler more goes into handlers.py.
"""
