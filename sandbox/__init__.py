"""An embedded, single-machine Kubernetes for laptops, CI and tests: `python -m sandbox up`.

The root is the command line and the daemon that hosts the parts: api/, controllers/ and node/, which know
each other only through the API over HTTP. images/ builds and keeps what the node runs; base/ is below them
all. Every room says at its door what it is for, what it may import and where a new thing of its kind goes;
the table in tests/pure/sandbox/test_rooms.py holds them to it.
"""
