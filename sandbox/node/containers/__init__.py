"""The life of one container: image, preparation, start, restarts, log and end.

May import all rooms of the node but network/, and the images that are kept. What happens to a container goes
here, a step of its life per module; what needs the whole pod goes into ../pod.py.
"""
