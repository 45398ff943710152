"""A run's result to the channels, written down before it is sent, so that none is lost.

A new channel: a module to_<name>.py, which channel.py finds by its name; to_slack.py is one. The words are
summary.py's in reporting/, each alert's fate is decided in delivery.py and kept by outbox.py.
Imports base, reporting, runs, settings.
"""
