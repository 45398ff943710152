"""A run: its plan, the engine that runs the stages, several at once, and how it looks while it goes.

A new stage: a row in plan.py (and a script, a make target, jobs in ci/). A new way to show a run that goes
on: views.py. How it ended, in one sentence: conclusion.py.
Imports base, ci, ci/repositories, cluster/release, runs, settings.
"""
