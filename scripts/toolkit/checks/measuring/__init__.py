"""What measures coverage in every Python that an app's unit tests start, xdist's workers included.

It is a folder on their path, no part of the toolkit to them: it imports nothing of it.
Imports nothing of the toolkit.
"""
