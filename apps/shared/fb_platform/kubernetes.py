"""Reads ConfigMaps through the Kubernetes API, with the pod's own service account."""

import ssl
from typing import Any

import httpx

from fb_platform.settings import SettingError, rooted, setting

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class Unavailable(Exception):
    """The Kubernetes API did not answer, or not to this service account."""


SECONDS = 5.0  # that an answer may take


class Kubernetes:
    """The part of the Kubernetes API that the apps need."""

    def __init__(self) -> None:
        host, port = setting("KUBERNETES_SERVICE_HOST"), setting("KUBERNETES_SERVICE_PORT", "443")
        host = f"[{host}]" if ":" in host else host
        try:
            trusted = ssl.create_default_context(cafile=str(rooted(f"{ACCOUNT}/ca.crt")))
        except OSError:
            raise SettingError(f"there is no service account in {ACCOUNT}") from None
        self.client = httpx.AsyncClient(
            base_url=f"https://{host}:{port}",
            verify=trusted,
            timeout=SECONDS,
            trust_env=False,
        )

    def token(self) -> str:
        """The service account's token. Read each time: the kubelet renews the file."""
        return rooted(f"{ACCOUNT}/token").read_text().strip()

    async def config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The data of a ConfigMap; None if there is none, or none that this service account may read."""
        try:
            answer = await self.client.get(
                f"/api/v1/namespaces/{namespace}/configmaps/{name}",
                headers={"Authorization": f"Bearer {self.token()}", "Accept": "application/json"},
            )
            if answer.status_code in (403, 404):
                return None
            answer.raise_for_status()
            data = answer.json().get("data")
        except (httpx.HTTPError, OSError, ValueError) as problem:
            raise Unavailable from problem
        return data if isinstance(data, dict) else {}
