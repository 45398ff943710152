"""Images without a container engine: a directory built from a Dockerfile, named by the digest of its
manifest."""
