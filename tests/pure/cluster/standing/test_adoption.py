"""Fields that kubectl apply and Helm own become ours, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.api.connection import FIELD_MANAGER
from toolkit.cluster.standing import adoption


def entry(manager: str, *fields: str, operation: str = "Update", **more: Any) -> dict[str, Any]:
    spec = {f"f:{field}": {} for field in fields}
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "fieldsV1": {"f:spec": spec},
        **more,
    }


@pytest.mark.parametrize("manager", adoption.APPLIERS)
def test_an_applier_becomes_us(manager: str) -> None:
    scaled = entry("kube-controller-manager", "x", subresource="status")
    assert adoption.migrated([entry(manager, "a", "b"), scaled]) == [
        entry(FIELD_MANAGER, "a", "b", operation="Apply"),
        scaled,
    ]


def test_its_fields_are_added_to_what_is_ours_already() -> None:
    mine = entry(FIELD_MANAGER, "a", operation="Apply")
    found = adoption.migrated([entry("helm", "b"), mine, entry("kubectl", "c", operation="Apply")])
    assert found == [entry(FIELD_MANAGER, "a", "b", "c", operation="Apply")]
    assert mine == entry(FIELD_MANAGER, "a", operation="Apply")


@pytest.mark.parametrize(
    "manager", ["kubectl-edit", "kubectl-patch", "kubectl-scale", FIELD_MANAGER, "argocd"]
)
def test_what_was_changed_by_hand_stays_whose_it_is(manager: str) -> None:
    assert adoption.migrated([entry(manager, "a")]) is None
    assert adoption.migrated([entry("kubectl", "a", subresource="scale")]) is None


def test_paths_of_another_version_are_let_go() -> None:
    old = entry("helm", "old", apiVersion="apps/v1beta1")
    found = adoption.migrated([entry(FIELD_MANAGER, "a", operation="Apply"), old])
    assert found == [entry(FIELD_MANAGER, "a", operation="Apply")]
