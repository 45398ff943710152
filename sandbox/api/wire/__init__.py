"""What requests and answers consist of: refusals (status.py), media types, selectors, protobuf bodies.

Pure; may import sandbox.base. A refusal more is a function in status.py, in the words of apimachinery.
"""
