"""Keeps a user's answers between the pages of a form, encrypted by the form's runner."""
