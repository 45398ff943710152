"""The account that a pod runs as: which, its token in the containers, its pull secrets.

Source: plugin/pkg/admission/serviceaccount, and defaulttolerationseconds, of Kubernetes.
"""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.api.storage.store import Store
from sandbox.api.types.sections import each
from sandbox.api.wire.status import forbidden
from sandbox.base.kinds import the_kind

Object = dict[str, Any]
ACCOUNT = the_kind("v1", "ServiceAccount")
POD = the_kind("v1", "Pod")
DEFAULT = "default"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
TOKEN_VOLUME = "kube-api-access-"  # noqa: S105 - a name
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_SECONDS = 300
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def missing(store: Store, namespace: str, pod: Any) -> bool:
    """Whether a new pod takes the default account, and it is not there yet."""
    spec = pod.get("spec") if isinstance(pod, dict) else None
    named = (spec.get("serviceAccountName") or spec.get("serviceAccount")) if isinstance(spec, dict) else None
    return named in (None, "", DEFAULT) and store.get(ACCOUNT, namespace, DEFAULT) is None


def fill_in(store: Store, pod: Object) -> None:
    """Gives a new pod its account, token and tolerations, in place; 403 where the account is not there."""
    spec, metadata = pod["spec"], pod["metadata"]
    name = spec.get("serviceAccountName") or DEFAULT
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    entry = store.get(ACCOUNT, metadata["namespace"], name)
    if entry is None:
        looked = f"error looking up service account {metadata['namespace']}/{name}"
        raise forbidden(POD, metadata["name"], f'{looked}: serviceaccount "{name}" not found')
    asked = spec.get("automountServiceAccountToken", entry.object.get("automountServiceAccountToken"))
    if asked is not False:
        _mount_token(spec)
    if not spec.get("imagePullSecrets") and entry.object.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(one) for one in entry.object["imagePullSecrets"]]
    _tolerate(spec)


def _mount_token(spec: Object) -> None:
    names = [str(volume.get("name") or "") for volume in each(spec, "volumes")]
    named = next((name for name in names if name.startswith(TOKEN_VOLUME)), "")
    volume = named or TOKEN_VOLUME + "".join(secrets.choice(_SUFFIX) for _ in range(5))
    needed = False
    for container in [*each(spec, "initContainers"), *each(spec, "containers")]:
        if TOKEN_PATH not in (mount.get("mountPath") for mount in each(container, "volumeMounts")):
            mount = {"name": volume, "readOnly": True, "mountPath": TOKEN_PATH}
            container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
            needed = True
    if needed and not named:
        spec["volumes"] = [*(spec.get("volumes") or ()), {"name": volume, "projected": _token()}]


def _token() -> Object:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": authority},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"sources": sources, "defaultMode": 0o644}


def _tolerate(spec: Object) -> None:
    """A pod stays for a while on a node that does not answer, unless it says otherwise itself."""
    given = list(spec.get("tolerations") or ())
    borne = {one.get("key") or "" for one in given if one.get("effect") in (None, "", "NoExecute")}
    for taint in _TAINTS:
        if not borne & {"", taint}:
            more = {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
            given.append(more)
    spec["tolerations"] = given
