"""A run's result to the channel, written down before it is sent, so that none is lost.

A new channel: a module beside slack.py that sends, for outbox.py to call; the words are summary.py's in
reporting/.
Imports base, reporting, runs, settings.
"""
