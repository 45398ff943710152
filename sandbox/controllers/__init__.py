"""The control loops of the sandbox. They know the cluster only through its API (sandbox.base.client)."""
