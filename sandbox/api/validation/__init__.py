"""Whether an object may be stored: known fields, their JSON types, and the rules of its kind.

Pure; may import types/ and wire/. A rule goes into the module of its family in rules/, a family more is a
module there and a line in objects.py.
"""
