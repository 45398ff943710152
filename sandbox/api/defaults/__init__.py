"""What the server fills in by itself: defaults where an object is silent, and the fields that are its own.

Pure; may import types/. A default goes into objects.py (pods.py for pod templates), what is set on create or
carried over on update into strategies.py.
"""
