"""An app that is a restart: workloads that somebody else made get its image, or new pods, wave by wave.

partials.py says what is to change of each, finding.py of which, ownership.py that they stay their maker's,
rolling.py does it. Imports base, cluster/api, cluster/diagnosis, cluster/diagnosis/kinds, cluster/release,
cluster/standing, cluster/verdict, objects, settings, settings/apps.
"""
