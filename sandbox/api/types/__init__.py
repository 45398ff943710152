"""The shape of objects: which fields and types each kind has, how its lists merge, how a value is read.

Pure; may import sandbox.base. Facts about all objects go here; what may be done with one does not.
"""
