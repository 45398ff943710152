"""What programs leave as reports, in the formats that are the contract, and findings in one shape for all.

A new format: a module named after it with a `read`, and its row in tables.py. Nothing here starts a program.
Imports base.
"""
