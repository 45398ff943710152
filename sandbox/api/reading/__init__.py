"""Everything that is only read: pages of lists, tables for kubectl, discovery and OpenAPI.

May import storage/, types/ and wire/. A kind's columns go into the module of its family in printers/.
"""
