"""What is counted and cleared away, whatever its kind: owners' leftovers, namespaces, quotas.

May import machinery/. A controller that cares about all kinds goes here and learns them from discovery.py.
"""
