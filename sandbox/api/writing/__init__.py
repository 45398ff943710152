"""From a request's body to the stored object, and how an object goes: the same way for every kind.

May import admission/, defaults/, patching/, storage/, types/, validation/ and wire/. The order of the steps
is in writes.py; what a step does is in its own room.
"""
