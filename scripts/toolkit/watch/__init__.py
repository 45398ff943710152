"""Pods over time: the soak after a release and the long look; what is an alarm and what is only told.

What a new event means is lookout.py's; what the channel hears of it, and how often, causes.py's.
Imports alerting, base, cluster/api, cluster/diagnosis, cluster/release, cluster/standing,
health, objects, settings.
"""
