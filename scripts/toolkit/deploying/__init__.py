"""One deployment: foresight, change, verdict, recovery; and the whole platform at once.

deployment.py goes over apps and spaces, in_space.py is one of them, recovery.py what happens when it fails.
Imports base, cluster/access, cluster/api, cluster/diagnosis, cluster/evidence, cluster/preflight,
cluster/release, cluster/restarting, cluster/serving, cluster/standing, cluster/verdict, health, images,
objects, pipeline, rules, runs, settings, settings/said, suites.
"""
