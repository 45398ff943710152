"""What of an old choice has to be out before the new one may be in: pure."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.api.connection import FIELD_MANAGER
from toolkit.cluster.release.changing import unions
from toolkit.objects import field_owners

Json = dict[str, Any]
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}


def obj(
    kind: str = "Deployment", api_version: str = "apps/v1", managers: list[Json] | None = None, **spec: Any
) -> Json:
    metadata = {"name": "x", "namespace": "ns", "managedFields": managers or []}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def entry(manager: str, operation: str, fields: Json) -> Json:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": fields}}


def names(wanted: Json, live: Json) -> list[str]:
    return [field_owners.shown(each.path) for each in unions.left_over(wanted, live)]


@pytest.mark.parametrize(
    ("wanted", "live", "left"),
    [
        (obj(strategy={"type": "Recreate"}), obj(strategy=ROLLING), ["spec.strategy.rollingUpdate"]),
        (obj(strategy={"type": "Recreate"}), obj(strategy={"type": "Recreate"}), []),
        (obj(strategy={"type": "RollingUpdate"}), obj(strategy=ROLLING), []),
        (obj(), obj(strategy=ROLLING), []),  # nothing is said of it, so it stays
        # said by the manifests themselves: that is the manifests' error
        (obj(strategy={**ROLLING, "type": "Recreate"}), obj(strategy=ROLLING), []),
        (obj(api_version="apps.example.org/v1", strategy={"type": "Recreate"}), obj(strategy=ROLLING), []),
        (
            obj("StatefulSet", updateStrategy={"type": "OnDelete"}),
            obj("StatefulSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
            ["spec.updateStrategy.rollingUpdate"],
        ),
        (
            obj(template={"spec": {"volumes": [{"name": "v", "secret": {}}, {"name": "w", "emptyDir": {}}]}}),
            obj(
                template={"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]}}
            ),
            ["spec.template.spec.volumes[v].emptyDir"],
        ),
    ],
)
def test_only_what_does_not_go_together_is_left_over(wanted: Json, live: Json, left: list[str]) -> None:
    assert names(wanted, live) == left


@pytest.mark.parametrize(
    ("managers", "owner"),
    [
        ([], ""),
        ([entry(FIELD_MANAGER, "Apply", {"f:strategy": {"f:rollingUpdate": {}}})], ""),
        ([entry("kubectl-create", "Update", {"f:strategy": {"f:type": {}}})], ""),
        (
            [entry("kubectl-create", "Update", {"f:strategy": {"f:rollingUpdate": {"f:maxSurge": {}}}})],
            "kubectl-create",
        ),
        ([entry("argocd", "Apply", {"f:strategy": {"f:rollingUpdate": {}}})], "argocd"),
    ],
)
def test_who_else_owns_it_is_named(managers: list[Json], owner: str) -> None:
    (left,) = unions.left_over(obj(strategy={"type": "Recreate"}), obj(managers=managers, strategy=ROLLING))
    assert left.owner == owner
    assert left.remedy.startswith("kubectl patch -n ns deployment/x --type=json -p '[")


def test_the_patch_that_does_both_at_once_keeps_everything_else() -> None:
    wanted = obj(strategy={"type": "Recreate"}, replicas=2)
    left = unions.left_over(wanted, obj(strategy=ROLLING))
    patch = unions.without(wanted, left)
    assert patch["spec"] == {"strategy": {"type": "Recreate", "rollingUpdate": None}, "replicas": 2}
    assert wanted["spec"]["strategy"] == {"type": "Recreate"}


def test_a_path_is_spelled_as_managed_fields_have_it() -> None:
    path = ("spec", "volumes", (("name", "v"),), "emptyDir", 0)
    assert field_owners.spelled(path) == ["f:spec", "f:volumes", 'k:{"name":"v"}', "f:emptyDir", "i:0"]
    assert field_owners.tree({"a": {"b": 1}, "c": [1]}) == {"f:a": {"f:b": {}}, "f:c": {}}
