"""Linters whose own reports are read: a module named after its tool, and its row in checks/stages/table.py.

Nothing here starts a program.
Imports base, checks, checks/reports.
"""
