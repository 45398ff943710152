"""What stands in a deployment's way, as sentences: problems, refusals in words, whose an object is. Pure.

Imports base, cluster/api, objects.
"""
