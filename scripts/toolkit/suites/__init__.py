"""Smoke and acceptance suites, run against an app where it is deployed.

What runs a suite is beside the other: pytest files (by_pytest.py, whose own process loads plugin/) or any
command (by_command.py). What it is told: environment.py; how it is chosen, cut and remembered: selection.py,
memory.py; what its report comes to: report.py.
Imports base, checks, checks/reports, cluster/access, cluster/api, cluster/evidence, cluster/release,
cluster/standing, health, objects, preparing, runs, settings, settings/apps.
"""
