"""Helm, which benchmarks compare with: built once from its Go module, and kept beside the node's programs."""
