"""Lint, security checks and unit tests: the tools, their commands, and their reports as findings.

A tool whose report is to be read gets a module named after it (ruff.py, security/bandit.py) that turns the
report into findings.py's one shape. Other languages need a table in apps.toml and nothing here.
Imports base, settings.
"""
