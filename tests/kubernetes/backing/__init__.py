"""What the reference apps lean on outside of themselves: PostgreSQL and an object store, as pods.

`Dockerfile` has both; another such thing is a row in stores.py.
"""
