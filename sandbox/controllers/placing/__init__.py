"""Where things go: each new pod to a node, each claim to a volume.

May import machinery/. A reason more why a pod does not fit goes into fit.py, with the scheduler's words.
"""
