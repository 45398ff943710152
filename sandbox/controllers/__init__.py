"""The control loops of the sandbox. They know the cluster only through its API (sandbox.base.client).

The root starts them (manager.py). machinery/ is below the rooms of the controllers, which do not import each
other: workloads/, revisioned/, networking/, placing/, housekeeping/. A new controller goes into the room of
what it looks after, and a line into manager.py. Never imports api or node.
"""
