"""Addresses of pods, and the way from a Service to one of them.

May import sandbox.base. What is behind a Service is decided in controllers/networking/, only followed here.
"""
