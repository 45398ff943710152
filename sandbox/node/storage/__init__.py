"""What a container finds on disk: its root, and the pod's volumes mounted there.

May import configuration/ and processes/. A kind of volume more goes into volumes.py.
"""
