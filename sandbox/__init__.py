"""An embedded, single-machine Kubernetes for laptops, CI and tests: `python -m sandbox up`."""
