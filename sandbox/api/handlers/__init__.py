"""What answers each verb and subresource.

May import every room of the api, but not its root. A handler reads the call, asks a room below and answers; a
verb or subresource more is a module here and a line in routes.py.
"""
