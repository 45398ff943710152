"""What the node tells the API: of itself, of each pod's status, and of what happens, in a kubelet's words.

May import sandbox.base and timing/. A condition or reason more goes into status.py, which is pure.
"""
