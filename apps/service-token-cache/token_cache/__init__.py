"""Gives every API the public key that it needs to check a caller's token."""
