"""Drills: a real deployment is broken on purpose, and what the pipeline makes of it is judged."""
