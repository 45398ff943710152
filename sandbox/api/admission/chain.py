"""What the rest of the cluster has to say about a write: namespaces, ServiceAccounts, quotas, addresses."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from sandbox.api.access.tokens import issue
from sandbox.api.admission import accounts, limits, podsecurity
from sandbox.api.admission.addresses import ClusterAddresses
from sandbox.api.defaults.strategies import qos_class
from sandbox.api.storage.store import Store
from sandbox.api.wire.status import forbidden, not_found
from sandbox.base import quota
from sandbox.base.kinds import KINDS, KindInfo, the_kind

Object = dict[str, Any]


NAMESPACE = the_kind("v1", "Namespace")
SERVICE = the_kind("v1", "Service")
SERVICE_ACCOUNT = the_kind("v1", "ServiceAccount")
QUOTA = the_kind("v1", "ResourceQuota")
LIMIT_RANGE = the_kind("v1", "LimitRange")
STORAGE_CLASS = the_kind("storage.k8s.io/v1", "StorageClass")
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_COUNTED = tuple(
    info for info in KINDS if info.namespaced and info.stored and info.kind not in ("Event", "Lease")
)


class Admission:
    """Checks and completes an object before it is created."""

    def __init__(self, store: Store, addresses: ClusterAddresses, key: bytes, authority: bytes) -> None:
        self._store = store
        self._addresses = addresses
        self._key = key
        self._authority = authority

    def namespace(self, info: KindInfo, namespace: str, name: str) -> None:
        """404 when the namespace is not there, 403 when it is going away."""
        if not info.namespaced:
            return
        entry = self._store.get(NAMESPACE, "", namespace)
        if entry is None:
            raise not_found(NAMESPACE, namespace)
        if "deletionTimestamp" in entry.object["metadata"]:
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(info, name, why, [cause])

    def lacks_account(self, namespace: str, pod: Any) -> bool:
        """Whether a new pod takes the namespace's own account, and that is not there yet."""
        return accounts.missing(self._store, namespace, pod)

    def complete(self, info: KindInfo, obj: Object, now: int) -> None:
        """Fills in what only the cluster knows, in place: a Service's address, a pod's account, a Secret's
        token. 403 for a pod whose account is missing."""
        if info.native == "Service":
            self._addresses.assign(obj, (entry.object for entry in self._store.entries(SERVICE)))
        elif info.native == "Secret" and obj.get("type") == "kubernetes.io/service-account-token":
            self._fill_token(info, obj, now)
        elif info.native == "PersistentVolumeClaim":
            self._choose_class(obj["spec"])
        elif info.native == "Pod":
            accounts.fill_in(self._store, obj)
            limits.fill_in(obj, self._limit_ranges(obj))
            obj["status"]["qosClass"] = qos_class(obj["spec"])

    def check(self, info: KindInfo, obj: Object) -> None:
        """403 for a pod that the namespace's Pod Security level does not let in, and for what exceeds a limit
        or a quota."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if info.native == "Pod":
            home = self._store.get(NAMESPACE, "", namespace)
            labels = (home.object["metadata"].get("labels") or {}) if home else {}
            if unsafe := podsecurity.violation(labels, obj):
                raise forbidden(info, name, unsafe)
        if info.native in ("Pod", "PersistentVolumeClaim"):
            excesses = limits.violations(obj, self._limit_ranges(obj))
            if excesses:
                raise forbidden(info, name, excesses[0] if len(excesses) == 1 else f"[{', '.join(excesses)}]")
        quotas = [entry.object for entry in self._store.entries(QUOTA, namespace)] if namespace else []
        if quotas:
            present = [entry.object for kind in _COUNTED for entry in self._store.entries(kind, namespace)]
            used = {one["metadata"]["name"]: quota.used_by(one, present) for one in quotas}
            violation = quota.quota_violation(quotas, used, obj)
            if violation:
                raise forbidden(info, name, violation)

    def _limit_ranges(self, obj: Object) -> list[Object]:
        return [entry.object for entry in self._store.entries(LIMIT_RANGE, obj["metadata"]["namespace"])]

    def _choose_class(self, spec: Object) -> None:
        """The default StorageClass for a claim that names none (upstream: DefaultStorageClass)."""
        chosen = [
            entry.name
            for entry in self._store.entries(STORAGE_CLASS)
            if (entry.object["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
        ]
        if chosen and spec.get("storageClassName") is None:
            spec["storageClassName"] = chosen[-1]

    def _fill_token(self, info: KindInfo, secret: Object, now: int) -> None:
        """What upstream's token controller does for Secrets that name a ServiceAccount."""
        metadata = secret["metadata"]
        namespace = metadata["namespace"]
        account = (metadata.get("annotations") or {}).get("kubernetes.io/service-account.name", "")
        entry = self._store.get(SERVICE_ACCOUNT, namespace, account)
        if entry is None:
            why = f'its annotation kubernetes.io/service-account.name names no ServiceAccount: "{account}"'
            raise forbidden(info, metadata["name"], why)
        metadata["annotations"]["kubernetes.io/service-account.uid"] = entry.object["metadata"]["uid"]
        token = issue(self._key, entry.object, now=now, expires=None)
        values = {"token": token.encode(), "namespace": namespace.encode(), "ca.crt": self._authority}
        secret["data"] = {
            **(secret.get("data") or {}),
            **{key: b64encode(value).decode() for key, value in values.items()},
        }
