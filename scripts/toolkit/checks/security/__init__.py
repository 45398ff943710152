"""The scans of the security stage: what each tool is asked and what its report says.

A new scan: a module named after its tool, and its place in scans.py.
Imports base, checks, checks/advisories, checks/reports.
"""
