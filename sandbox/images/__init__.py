"""Images without a container engine: a directory built from a Dockerfile, named by its digest.

recipes/ reads, building/ makes, keeping/ holds what was made and pulls. The root holds no module of its own.
"""
