"""Probes: how one is run (handlers.py), when its result counts (probing.py), and its schedule (checks.py).

Imports timing. A kind of probe or lifecycle handler more goes into handlers.py.
"""
