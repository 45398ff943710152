"""Times: as Kubernetes writes them, and how long to wait before something is tried again.

Pure, and imports nothing else of the sandbox. The caller brings the clock.
"""
