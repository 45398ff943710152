"""Keeps a user's uploads, encrypted, until the submission that they belong to has been sent."""
