"""The API server as its administrator asks it: JSON in and out."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import urllib3
import yaml

Object = dict[str, Any]


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status, self.said = status, said


class Access(NamedTuple):
    """What the current context of a kubeconfig leads to."""

    server: str
    authority: str
    """PEM"""
    user: Object

    @property
    def authority_data(self) -> str:
        """base64 of the PEM, as a kubeconfig has it."""
        return base64.b64encode(self.authority.encode()).decode()


def access(kubeconfig: Path) -> Access:
    """Read a kubeconfig of one file, with its certificates in it or beside it. Raises ValueError."""
    data = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or "current-context" not in data:
        raise ValueError(f"{kubeconfig} is no kubeconfig with a current context")

    def named(kind: str, name: str) -> Object:
        rows: list[Object] = data.get(f"{kind}s") or []
        return dict(next(row[kind] for row in rows if row["name"] == name))

    context = named("context", data["current-context"])
    cluster, user = named("cluster", context["cluster"]), named("user", context["user"])
    return Access(cluster["server"], _held(cluster, "certificate-authority", kubeconfig), user)


def _held(row: Object, key: str, beside: Path) -> str:
    """A PEM of a kubeconfig, in it as base64 or in a file."""
    if f"{key}-data" in row:
        return base64.b64decode(row[f"{key}-data"]).decode()
    return (beside.parent / row[key]).read_text(encoding="utf-8") if key in row else ""


class Api:
    """Requests to an API server. Raises Refused, and urllib3's errors where there is no answer."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.access = access(kubeconfig)
        user = self.access.user
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        certificate, key = (_held(user, f"client-{kind}", kubeconfig) for kind in ("certificate", "key"))
        # the library reads these from files alone
        self._files = tempfile.TemporaryDirectory(prefix="kubernetes-")
        files = {"cert_file": certificate, "key_file": key}
        given: dict[str, Any] = {name: str(self._file(name, pem)) for name, pem in files.items() if pem}
        self._pool = urllib3.PoolManager(
            ca_cert_data=self.access.authority or None, retries=False, maxsize=8, **given
        )

    def _file(self, name: str, pem: str) -> Path:
        path = Path(self._files.name, name)
        path.touch(mode=0o600)
        path.write_text(pem, encoding="utf-8")
        return path

    def text(
        self, method: str, path: str, body: Object | str | None = None, *, kind: str = "", seconds: float = 30
    ) -> str:
        """One request, and the body of its answer."""
        data = body if isinstance(body, str | None) else json.dumps(body)
        headers = {**self._headers, "Content-Type": kind or "application/json", "Accept": "application/json"}
        answer = self._pool.request(
            method, self.access.server + path, body=data, headers=headers, timeout=seconds
        )
        said: str = answer.data.decode(errors="replace")
        if answer.status >= 400:
            raise Refused(answer.status, said)
        return said

    def ask(
        self, method: str, path: str, body: Object | None = None, *, kind: str = "", seconds: float = 30
    ) -> Object:
        """One request, and the object that is its answer."""
        result: Object = json.loads(self.text(method, path, body, kind=kind, seconds=seconds))
        return result
