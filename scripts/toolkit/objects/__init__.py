"""What a Kubernetes object is, as data: templates to objects, fields, quantities, kinds. No network.

Where a kind lives in the API is a row in resources.py; another way to write manifests (a chart, an overlay)
goes beside manifests.py.
Imports base, objects/reading, settings, settings/said.
"""
