"""What was covered by tests, as any tool measured it: a module a format, and a row in tables.py.

Which format a report has is seen from what is in it. Nothing here starts a program.
Imports checks/reports.
"""
