"""The ring at every landing: `.ci/run` has it run what fits into CI's time, and say what it leaves out.

portions.py knows how long what takes; a part more of the ring is a row there.
"""
