"""One line per object, as `kubectl get` shows it: columns and cells per family of kinds. All pure.

May import types/. A kind's columns go into the module of its family, cells that two families share into
cells.py.
"""
