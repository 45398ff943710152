"""From a recipe and a context to an image: base, layers of packages, copied files, and what is reused.

May import recipes/ and keeping/. A kind of layer more goes into a module beside pip.py, called by build.py.
"""
