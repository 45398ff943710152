"""Smoke and acceptance suites, run against an app where it is deployed.

What a suite is told: environment.py; how it is chosen, cut and remembered: selection.py, memory.py; what
its pytest does in its own process: plugin/.
Imports base, checks, cluster/access, cluster/api, cluster/evidence, cluster/release,
cluster/standing, health, objects, runs, settings.
"""
