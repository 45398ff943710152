"""A pytest plugin that suites load in their own process, so it has no dependency but pytest.

It is a folder on their path, no part of the toolkit to them: it imports nothing of it.
Imports nothing of the toolkit.
"""
