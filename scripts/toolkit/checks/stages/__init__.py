"""What lint, security and unit do with a row of apps.toml: run it, have its report read, put it in words.

A new tool is a module in linters/ or security/ and a row in table.py; a format has a room of its own.
Imports base, checks, checks/coverage, checks/linters, checks/reports.
"""
