"""Which images there are: their names, the directory that holds them, and pulling one from a registry.

May import sandbox.base. What is asked of an image that exists goes here; what makes one is in building/.
The node runs containers with the help of this room alone.
"""
