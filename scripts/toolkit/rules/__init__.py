"""Who may deploy where: the rules of an environment on commits, branches and approvals.

A rule more is asked in policy.py, with the sentence that names where it is written.
Imports base, ci, runs, settings.
"""
