"""Lint, security checks and unit tests: the tools, their commands, and their reports as findings.

A tool whose own report is to be read is a module in linters/ or security/; what any tool may leave (JUnit,
TAP, SARIF) is in reports/, coverage in coverage/. Other languages need a table in apps.toml and nothing here.
Imports base, checks/reports, settings, settings/said.
"""
