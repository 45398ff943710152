"""From a form and the runner's release to the objects in the cluster: pure.

How a form is run is part of the runner's release: its ConfigMap `fb-runner-<space>` holds, as form.json, a
Deployment and a Service in which `{slug}` stands for the form's slug.
"""

import base64
import copy
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from fb_platform.kubernetes import Object
from joserfc.jwk import RSAKey

MANAGER = "fb-publisher"
MANAGED = {"app.kubernetes.io/managed-by": MANAGER}
FORM, REVISION = "form-builder/form", "form-builder/revision"


class Unusable(Exception):
    """The runner's release says nothing that a form can be run from. The text is a sentence."""


@dataclass(frozen=True)
class Release:
    """A release of the runner: `digest` differs where forms are run differently; `version` is for people."""

    digest: str
    version: str
    deployment: Object
    service: Object


def release(config_map: Object | None, name: str) -> Release:
    """The release in a ConfigMap. Raises Unusable."""
    if config_map is None:
        raise Unusable(f"there is no ConfigMap {name}: no runner has been released here")
    data = config_map.get("data") or {}
    text = data.get("form.json") or ""
    try:
        parts = json.loads(text)
        made = Release(
            hashlib.sha256(text.encode()).hexdigest()[:16],
            str(data.get("version") or ""),
            parts["deployment"],
            parts["service"],
        )
        for kind, found in (("Deployment", made.deployment), ("Service", made.service)):
            if found["kind"] != kind or "{slug}" not in found["metadata"]["name"]:
                raise ValueError
        _ = made.deployment["spec"]["template"]["metadata"]
    except (ValueError, KeyError, TypeError):
        raise Unusable(f"ConfigMap {name} holds no form.json that a form can be run from") from None
    return made


def names(slug: str) -> dict[str, str]:
    """The objects of a form: names by kind, in the order in which they are made."""
    return {
        "Secret": f"fb-{slug}-secrets",
        "ConfigMap": f"fb-{slug}-config-map",
        "Deployment": f"form-{slug}",
        "Service": f"form-{slug}",
    }


def revision(slug: str, metadata: str, used: Release) -> str:
    """What a pod must be renewed for: the form's content, and the way in which it is run."""
    return hashlib.sha256(f"{slug}\n{used.digest}\n{metadata}".encode()).hexdigest()[:16]


def secret(slug: str, namespace: str) -> Object:
    """A key pair and the secret for what the form keeps of its users: made once, kept for the form's life."""
    key = RSAKey.generate_key(2048)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _named("Secret", slug, namespace),
        "data": {
            "ENCODED_PRIVATE_KEY": _twice(key.as_pem(private=True)),
            "ENCODED_PUBLIC_KEY": _twice(key.as_pem(private=False)),
            "SERVICE_SECRET": base64.b64encode(secrets.token_urlsafe(32).encode()).decode(),
        },
    }


def public_key(found: Object) -> str:
    """The public half in a form's Secret, as the service token cache wants it: base64 of PEM."""
    return base64.b64decode(found["data"]["ENCODED_PUBLIC_KEY"]).decode()


def config_map(slug: str, namespace: str, metadata: str, key: str) -> Object:
    """The form's content and the public half of its key."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _named("ConfigMap", slug, namespace),
        "data": {"ENCODED_PUBLIC_KEY": key, "SERVICE_METADATA": metadata},
    }


def deployment(slug: str, namespace: str, metadata: str, used: Release) -> Object:
    """Runs the form; changed content makes new pods."""
    made = _placed(used.deployment, slug, namespace)
    pods = made["spec"]["template"]["metadata"]
    pods["annotations"] = {**(pods.get("annotations") or {}), REVISION: revision(slug, metadata, used)}
    return made


def service(slug: str, namespace: str, used: Release) -> Object:
    """Where the form is reached in the cluster."""
    return _placed(used.service, slug, namespace)


def is_ours(found: Object) -> bool:
    """Whether the publisher made this object."""
    labels = found["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in MANAGED.items())


def _named(kind: str, slug: str, namespace: str) -> Object:
    return {"name": names(slug)[kind], "namespace": namespace, "labels": {**MANAGED, FORM: slug}}


def _placed(template: Object, slug: str, namespace: str) -> Object:
    made: Object = _filled(copy.deepcopy(template), slug)
    metadata = made["metadata"]
    labels = {**(metadata.get("labels") or {}), **MANAGED, FORM: slug}
    made["metadata"] = {**metadata, "name": f"form-{slug}", "namespace": namespace, "labels": labels}
    return made


def _filled(value: Any, slug: str) -> Any:
    """The value with every {slug} in it, in keys as well, replaced: on objects, so nothing needs escaping."""
    if isinstance(value, dict):
        return {_filled(key, slug): _filled(each, slug) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, slug) for each in value]
    return value.replace("{slug}", slug) if isinstance(value, str) else value


def _twice(pem: bytes) -> str:
    return base64.b64encode(base64.b64encode(pem)).decode()
