"""The healthcheck: every pod and the app itself answer, and are what was deployed.

A new thing that can be wrong: a row in troubles.py, found in rounds.py or backends.py.
Imports base, cluster/api, cluster/diagnosis, cluster/evidence, cluster/release,
cluster/restarting, cluster/standing, objects, settings.
"""
