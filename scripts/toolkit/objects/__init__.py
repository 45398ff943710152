"""What a Kubernetes object is, as data: templates to objects, fields, quantities, kinds. No network.

Where a kind lives in the API is a row in resources.py; another source of manifests is a file in rendering/.
Imports base, objects/reading, objects/rendering, settings, settings/said.
"""
