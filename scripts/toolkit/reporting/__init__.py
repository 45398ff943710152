"""What people are told: a run in words, what runs where, and the picture of the pipeline.

A new report: a module that makes it from a record or from overview.py's rows, without sending it anywhere.
Imports base, cluster/api, cluster/diagnosis, cluster/release, cluster/standing, objects, pipeline, runs,
settings.
"""
