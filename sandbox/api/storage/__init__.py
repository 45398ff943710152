"""Where objects are kept: the store in memory, SQLite below it, what a new cluster holds, what expires.

May import wire/. A change of what lies on disk goes into database.py, which must read what earlier versions
wrote.
"""
