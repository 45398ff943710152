"""The toolkit as a package: one command, `pipeline`, that hands over to the same scripts/*.py as make does.

A script more is a row in table.py. What is written into an app's repository lies in files/. Nothing here
knows what a stage does, and nothing of the toolkit is imported: the scripts are programs.
"""

__version__ = "1.0.0"
