"""Where drills happen: the sandbox, or any other cluster; what a drilled app meets there, and how it is made.

A ground that is neither is a module beside sandbox.py and kubernetes.py. Imports base, cluster/api, objects,
settings.
"""
