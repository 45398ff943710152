"""What control loops are made of: the loop itself and its queue, who owns what, events, and creating pods.

May import sandbox.base. Here belongs what controllers of two rooms need; knowledge of one kind goes to the
controller of that kind.
"""
