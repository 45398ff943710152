"""Publishes forms: a web side that takes wishes, and a worker that makes them true in the cluster."""
