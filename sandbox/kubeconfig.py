"""The kubeconfig of a sandbox, with its CA and token inside: all that kubectl or a client library needs."""

from __future__ import annotations

import base64
import json


def text(server: str, authority: bytes, token: str) -> str:
    """YAML (as JSON, which is YAML) with one cluster, user and context called "sandbox"."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "sandbox",
        "clusters": [
            {
                "name": "sandbox",
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            }
        ],
        "users": [{"name": "sandbox", "user": {"token": token}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
    }
    return json.dumps(config, indent=2) + "\n"
