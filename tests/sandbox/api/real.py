"""A real API server behind the same fixture: whoever answers, the tests are the same.

`KUBERNETES_TEST_CONFIG=<kubeconfig>` names it. What it contradicts is wrong in the test or in the sandbox.
"""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.sandbox.api.served import SECONDS, Api

VARIABLE = "KUBERNETES_TEST_CONFIG"


def named() -> Path | None:
    """The kubeconfig of the cluster that the tests are to run on, None for a sandbox."""
    text = os.environ.get(VARIABLE, "")
    return Path(text).expanduser() if text else None


class Real(Api):
    """The cluster of a kubeconfig's current context; the namespaces made here go with `close`."""

    def __init__(self, config: Path, state: Path) -> None:
        self._config, self.state, self._made = config, state, list[str]()
        read = yaml.safe_load(config.read_text())
        context = _entry(read, "context", read["current-context"])
        self._cluster = _entry(read, "cluster", context["cluster"])
        user = _entry(read, "user", context["user"])
        self.url = self._cluster["server"]
        trust = self.trust()
        headers = {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}
        if not headers:
            certificate = self._file(user, "client-certificate", "client.crt")
            assert certificate, f"{config}: the user has neither a token nor a client certificate"
            trust.load_cert_chain(certificate, self._file(user, "client-key", "client.key"))
        self.http = httpx.Client(base_url=self.url, headers=headers, verify=trust, timeout=SECONDS)

    def trust(self) -> ssl.SSLContext:
        """The kubeconfig's authority; anybody where it says that this is to be skipped."""
        found = self._file(self._cluster, "certificate-authority", "ca.crt")
        context = ssl.create_default_context(cafile=found)
        if self._cluster.get("insecure-skip-tls-verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _file(self, entry: dict[str, Any], key: str, name: str) -> str | None:
        """The path of a file that a kubeconfig names, or holds as <key>-data."""
        if entry.get(f"{key}-data"):
            path = self.state / name
            path.touch(mode=0o600)
            path.write_bytes(base64.b64decode(entry[f"{key}-data"]))
            return str(path)
        return str(self._config.parent / entry[key]) if entry.get(key) else None

    def kubeconfig(self) -> Path:
        """The one that was given."""
        return self._config

    def namespace(self) -> str:
        """The name of a new namespace."""
        self._made.append(super().namespace())
        return self._made[-1]

    def close(self) -> None:
        """Delete what was made here, and end the connections."""
        for name in self._made:
            self.http.delete(f"/api/v1/namespaces/{name}")
        self.http.close()


def _entry(config: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """clusters, contexts and users are lists of {name, <kind>}."""
    found: dict[str, Any] = next(one[kind] for one in config[f"{kind}s"] if one["name"] == name)
    return found
