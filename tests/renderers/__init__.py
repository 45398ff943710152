"""Helm and kustomize for the tests: those on PATH, or built once from Go modules (`make renderers`)."""
