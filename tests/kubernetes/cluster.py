"""The cluster that the ring runs on: namespaces for tests, each with an account that may work in it alone."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.kubernetes.asking import Access, Api, Object, Refused
from tests.kubernetes.node.node import Node
from tests.sandbox import local

CONFIG, REGISTRY = "KUBERNETES_TEST_CONFIG", "KUBERNETES_TEST_REGISTRY"
ROLE = Path(__file__).with_name("role.yaml")
ACCOUNT = "deployer"
HOLDER = "deployer-token"
RING = "form-builder-ring"
"""The label of every namespace that the ring made: no other is ever deleted."""
SECONDS = 120.0
APPLY = "?fieldManager=ring&force=true"


def eventually(check: Callable[[], Any], seconds: float = SECONDS, what: object = None) -> Any:
    """As on the sandbox, with the patience for a real node, and fewer questions."""
    return local.eventually(check, seconds, what, pause=0.1)


class Home(NamedTuple):
    """A namespace, and the account of the pipeline in it."""

    name: str
    token: str

    def kubeconfig(self, access: Access, file: Path) -> Path:
        """Write a kubeconfig of this account."""
        cluster = {"server": access.server, "certificate-authority-data": access.authority_data}
        context = {"cluster": "ring", "user": ACCOUNT, "namespace": self.name}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "ring", "cluster": cluster}],
            "users": [{"name": ACCOUNT, "user": {"token": self.token}}],
            "contexts": [{"name": "ring", "context": context}],
            "current-context": "ring",
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(config), encoding="utf-8")
        return file


class Cluster:
    """A real cluster, as one who may create namespaces: the tests' own way to it, never the pipeline's."""

    def __init__(self, kubeconfig: Path, registry: str) -> None:
        self.api = Api(kubeconfig)
        self.registry = registry
        own = Node(say=lambda _: None)
        self.node = own if own.places.kubeconfig == kubeconfig.resolve() else None
        """The node of one's own, whose programs a test may end; None on another cluster."""

    @property
    def kubeconfig(self) -> Path:
        return self.api.kubeconfig

    def apply(self, obj: Object) -> Object:
        """Create an object, or make it what is given. Raises Refused."""
        plural = obj["kind"].lower() + "s"
        group = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else f"/api/{obj['apiVersion']}"
        home = obj["metadata"].get("namespace")
        where = f"{group}/namespaces/{home}/{plural}" if home else f"{group}/{plural}"
        path = f"{where}/{obj['metadata']['name']}{APPLY}"
        return self.api.ask("PATCH", path, obj, kind="application/apply-patch+yaml")

    def find(self, path: str) -> Object | None:
        """The object at a path; None when it is not there."""
        try:
            return self.api.ask("GET", path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def wait(self, path: str, until: Callable[[Object], Any], seconds: float = SECONDS) -> Object:
        """The object at a path as soon as ``until`` holds."""
        last: list[Object | None] = [None]

        def look() -> Object | None:
            last[0] = self.find(path)
            return last[0] if last[0] is not None and until(last[0]) else None

        try:
            found: Object = eventually(look, seconds)
        except AssertionError:
            status = json.dumps((last[0] or {}).get("status"), indent=1)
            raise AssertionError(f"still waiting after {seconds} s for {path}: {status}") from None
        return found

    def make_namespace(self, name: str = "", role: Path = ROLE) -> Home:
        """A namespace with an account that may do in it what the role says, and nothing elsewhere."""
        name = name or f"ring-{uuid.uuid4().hex[:10]}"
        self.make_bare_namespace(name)
        self.apply(_object("v1", "ServiceAccount", ACCOUNT, name))
        self.bind(name, name, role)
        return Home(name, self.token(name))

    def make_bare_namespace(self, name: str) -> None:
        """A namespace of the ring, and nobody's account in it. Raises RuntimeError for somebody's."""
        path = f"/api/v1/namespaces/{name}"
        found = self.find(path)
        if found is not None and RING not in found["metadata"].get("labels", {}):
            raise RuntimeError(f"namespace {name} is somebody's: the ring needs a cluster without it")
        if found is not None:
            self.remove_namespaces([name])
        labels = {RING: "true"}
        self.api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})

    def bind(self, account_of: str, namespace: str, role: Path = ROLE) -> None:
        """Let the account of one namespace work in this one, as the role says."""
        rules: Object = yaml.safe_load(role.read_text(encoding="utf-8"))
        self.apply({**rules, "metadata": {**rules["metadata"], "namespace": namespace}})
        binding = _object("rbac.authorization.k8s.io/v1", "RoleBinding", f"{ACCOUNT}-{account_of}", namespace)
        kind = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": rules["metadata"]["name"]}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": account_of}
        self.apply({**binding, "roleRef": kind, "subjects": [subject]})

    def token(self, namespace: str, holder: str = HOLDER, account: str = ACCOUNT) -> str:
        """A token of an account of the namespace, which is valid until its Secret goes."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{holder}"
        obj = _object("v1", "Secret", holder, namespace)
        obj["metadata"]["annotations"] = {"kubernetes.io/service-account.name": account}
        self.apply({**obj, "type": "kubernetes.io/service-account-token"})
        held = self.wait(path, lambda found: found.get("data", {}).get("token"), 60)
        return base64.b64decode(held["data"]["token"]).decode()

    def revoke(self, namespace: str, holder: str = HOLDER) -> None:
        """Take a token back."""
        self.api.ask("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{holder}")

    def remove_namespaces(self, names: Sequence[str]) -> None:
        """Delete namespaces of the ring, and all in them at once; returns when they are gone."""
        for name in names:
            for kind in ("deployments", "replicasets"):
                self._delete(f"/apis/apps/v1/namespaces/{name}/{kind}")
            self._delete(f"/api/v1/namespaces/{name}/pods", "?gracePeriodSeconds=0")
            self._delete(f"/api/v1/namespaces/{name}")

        def are_gone() -> bool:
            return all(self.find(f"/api/v1/namespaces/{name}") is None for name in names)

        eventually(are_gone, what=names)

    def _delete(self, path: str, query: str = "") -> None:
        with contextlib.suppress(Refused):
            self.api.ask("DELETE", path + query)

    def variables(self) -> dict[str, str]:
        """What `CLUSTER=cloud-platform` reads, without its tokens."""
        return {
            "EKS_CLUSTER_NAME": self.api.access.server,
            "EKS_CLUSTER_CERT": self.api.access.authority_data,
            "ECR_REGISTRY": self.registry,
        }


def _object(version: str, kind: str, name: str, namespace: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def given(environment: dict[str, str] | None = None) -> tuple[Path, str] | None:
    """The cluster that the variables name: (kubeconfig, registry). Raises ValueError for half of one."""
    values = os.environ if environment is None else environment
    config, registry = values.get(CONFIG, ""), values.get(REGISTRY, "")
    if not config and not registry:
        return None
    for name, value in ((CONFIG, config), (REGISTRY, registry)):
        if not value:
            raise ValueError(f"{name} is not set: the ring needs both {CONFIG} and {REGISTRY}")
    if not Path(config).is_file():
        raise ValueError(f"{CONFIG} names {config}, and there is no such file")
    return Path(config), registry
