"""Turns a submission's answers into a PDF document."""
