"""The Kubernetes REST API of the sandbox: the only thing its controllers and its node talk to."""
