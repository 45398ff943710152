"""The part of the Kubernetes API that the apps need, with the pod's own service account.

`Kubernetes` is for event loops and reads public keys; `Cluster` is for threads and changes things.
"""

import ssl
from typing import Any

import httpx

from fb_platform.settings import SettingError, rooted, setting

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TIMEOUT = 5.0  # seconds; a write that has to wait for admission takes one or two
Object = dict[str, Any]

RESOURCES = {
    "ConfigMap": ("v1", "configmaps"),
    "Secret": ("v1", "secrets"),
    "Service": ("v1", "services"),
    "Pod": ("v1", "pods"),
    "Deployment": ("apps/v1", "deployments"),
}


class Unavailable(Exception):
    """The Kubernetes API did not answer, or not to this service account."""


class Refused(Exception):
    """The Kubernetes API said no, and would say so again at once. The text is its sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Access:
    """Where the API is, whom to trust there, and as whom to speak."""

    def __init__(self) -> None:
        host, port = setting("KUBERNETES_SERVICE_HOST"), setting("KUBERNETES_SERVICE_PORT", "443")
        host = f"[{host}]" if ":" in host else host
        self.address = f"https://{host}:{port}"
        try:
            self.trusted = ssl.create_default_context(cafile=str(rooted(f"{ACCOUNT}/ca.crt")))
        except OSError:
            raise SettingError(f"there is no service account in {ACCOUNT}") from None

    def token(self) -> str:
        """The service account's token. Read each time: the kubelet renews the file."""
        return rooted(f"{ACCOUNT}/token").read_text().strip()

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}", "Accept": "application/json"}


class Kubernetes(Access):
    """Reads ConfigMaps, in an event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.client = httpx.AsyncClient(
            base_url=self.address, verify=self.trusted, timeout=TIMEOUT, trust_env=False
        )

    async def config_map(self, namespace: str, name: str) -> Object | None:
        """The data of a ConfigMap; None if there is none, or none that this service account may read."""
        try:
            answer = await self.client.get(path("ConfigMap", namespace, name), headers=self.headers())
            if answer.status_code in (403, 404):
                return None
            answer.raise_for_status()
            data = answer.json().get("data")
        except (httpx.HTTPError, OSError, ValueError) as problem:
            raise Unavailable from problem
        return data if isinstance(data, dict) else {}


class Cluster(Access):
    """Reads and changes objects, in threads. Every call may raise Unavailable or Refused."""

    def __init__(self, manager: str) -> None:
        """`manager` is the field manager: what this one applied once and leaves out later is removed."""
        super().__init__()
        self.manager = manager
        self.client = httpx.Client(
            base_url=self.address, verify=self.trusted, timeout=TIMEOUT, trust_env=False
        )

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._ask("GET", path(kind, namespace, name), absent=404)

    def list(self, kind: str, namespace: str, labels: dict[str, str]) -> list[Object]:
        """The objects that have all these labels."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        found = self._ask("GET", path(kind, namespace), query={"labelSelector": selector}) or {}
        return list(found.get("items") or [])

    def create(self, wanted: Object, *, dry_run: bool = False) -> Object | None:
        """The object as it was created; None if there is one of this name already."""
        where = path(wanted["kind"], wanted["metadata"]["namespace"])
        return self._ask("POST", where, query=self._query(dry_run), body=wanted, absent=409)

    def apply(self, wanted: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply: the object as it is afterwards. What other managers hold is taken over."""
        named = wanted["metadata"]
        query = {**self._query(dry_run), "force": "true"}
        where = path(wanted["kind"], named["namespace"], named["name"])
        return self._ask("PATCH", where, query=query, body=wanted) or {}

    def delete(self, found: Object) -> None:
        """Delete this very object and, before it is gone, what belongs to it. It may be gone already."""
        named = found["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": named["uid"]},
        }
        where = path(found["kind"], named["namespace"], named["name"])
        self._ask("DELETE", where, body=options, absent=404)

    def _query(self, dry_run: bool) -> dict[str, str]:
        return {"fieldManager": self.manager, **({"dryRun": "All"} if dry_run else {})}

    def _ask(
        self,
        method: str,
        where: str,
        *,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        absent: int = 0,
    ) -> Object | None:
        """The answer's object; None when its status is `absent`. Apply takes JSON as well: it is YAML."""
        headers = self.headers_or_unavailable()
        if method == "PATCH":
            headers["Content-Type"] = "application/apply-patch+yaml"
        try:
            answer = self.client.request(method, where, params=query, json=body, headers=headers)
            if answer.status_code == absent:
                return None
            found = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as problem:
            raise Unavailable from problem
        if answer.status_code in (401, 429) or answer.status_code >= 500:
            raise Unavailable(f"the Kubernetes API answers {answer.status_code}")
        if answer.status_code >= 400:
            raise Refused(answer.status_code, str(found.get("message") or f"status {answer.status_code}"))
        return dict(found)

    def headers_or_unavailable(self) -> dict[str, str]:
        try:
            return self.headers()
        except OSError as problem:
            raise Unavailable from problem


def path(kind: str, namespace: str, name: str = "") -> str:
    """The address of an object, or of all objects of its kind in a namespace."""
    version, plural = RESOURCES[kind]
    root = "/api/" if "/" not in version else "/apis/"
    return f"{root}{version}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")
