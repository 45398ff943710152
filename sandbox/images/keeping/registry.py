"""Pulls an image from a registry on this machine, by the HTTP API v2 of registries.

Like container engines, plain HTTP goes to this machine only; no other host is ever asked. What such a
registry may serve is an image of this sandbox's builder under a name of its own: the manifest is fetched and
its digest checked, the layers are here already.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Mapping
from typing import Any

from sandbox.images.keeping.references import Reference, parse
from sandbox.images.keeping.store import Store

SECONDS = 5.0
LARGEST_MANIFEST = 4 << 20
_ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class PullError(Exception):
    """The pull failed; the text is containerd's, with its gRPC code."""

    def __init__(self, name: str, what: str, code: str = "Unknown") -> None:
        tried = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": {what}'
        super().__init__(f"rpc error: code = {code} desc = {tried}")


def host_of(reference: Reference) -> str:
    """The host (and port) of a registry on this machine, "" for every other image."""
    host, _, rest = reference.name.partition("/")
    name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "80")
    here = name in ("localhost", "[::1]") or _is_loopback(name)
    return f"{name}:{port}" if rest and here else ""


def digest_of(store: Store, text: str, credentials: Mapping[str, str]) -> str:
    """The digest of the image that `text` names, by its registry, once the store has what it needs.

    Raises InvalidReference or PullError.
    credentials: registry host -> "user:password", as a pull secret holds them. Takes at most some seconds.
    """
    reference = parse(text)
    host = host_of(reference)
    path = reference.name.partition("/")[2]
    url = f"/v2/{path}/manifests/{reference.digest or reference.tag}"
    login = credentials.get(host) or credentials.get(reference.name.partition("/")[0])
    status, reason, body = _get(text, host, url, login)
    if status == 404:
        raise PullError(text, f"{text}: not found", "NotFound")
    if status == 401 and not login:
        denied = "pull access denied, repository does not exist or may require authorization"
        raise PullError(text, f"{denied}: authorization failed: no basic auth credentials")
    if status != 200:
        raise PullError(text, f"unexpected status from GET request to http://{host}{url}: {status} {reason}")
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if reference.digest not in ("", digest):
        raise PullError(text, f"the registry answered with {digest} for {reference.digest}")
    if not store.has(digest):
        raise PullError(text, "the sandbox runs no image but those of its own builder")
    return digest


def credentials_of(secret: Mapping[str, Any]) -> dict[str, str]:
    """Registry host -> "user:password" from a Secret of type kubernetes.io/dockerconfigjson; {} from another.

    https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
    """
    try:
        config = json.loads(base64.b64decode((secret.get("data") or {}).get(".dockerconfigjson", "")))
        rows = config["auths"].items()
        return {
            host: f"{row['username']}:{row['password']}"
            if "username" in row
            else base64.b64decode(row["auth"]).decode()
            for host, row in rows
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _get(text: str, host: str, url: str, login: str | None) -> tuple[int, str, bytes]:
    headers = {"Accept": _ACCEPT}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    try:
        connection.request("GET", url, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read(LARGEST_MANIFEST)
    except ConnectionRefusedError as error:
        what = f'failed to do request: Get "http://{host}{url}": dial tcp {host}: connect: connection refused'
        raise PullError(text, what) from error
    except TimeoutError as error:
        what = f'failed to do request: Get "http://{host}{url}": dial tcp {host}: i/o timeout'
        raise PullError(text, what, "DeadlineExceeded") from error
    except (OSError, http.client.HTTPException) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PullError(text, f'failed to do request: Get "http://{host}{url}": {words}') from error
    finally:
        connection.close()


def _is_loopback(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)
