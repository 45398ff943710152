"""One request: what its path asks, what its handler needs and can answer, how it is passed on.

May import access/, writing/, storage/ and wire/. What every handler needs goes into call.py.
"""
