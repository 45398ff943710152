"""Images: built once for the same inputs and named by digest; which of them there are.

A new builder is a file in builders/. fitting.py says what is to be built and whether it can be, building.py
has it built, elsewhere.py names what others built, having.py says which images there are, asking.py is for
doctors.
Imports base, ci, images/builders, images/registries, runs, settings, settings/tables.
"""
