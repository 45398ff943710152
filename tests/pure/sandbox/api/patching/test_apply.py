"""Server-side apply: the behaviour that "Server-Side Apply" in the Kubernetes documentation describes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.defaults.objects import default
from sandbox.api.patching.apply import LAST_APPLIED, Conflicts, track
from sandbox.api.types import schema
from sandbox.api.types.errors import PatchError
from tests.pure.sandbox.api.patching.applying import (
    T2,
    WEB,
    Object,
    applied,
    fields,
    managers,
    minimal,
    written,
)
from tests.pure.sandbox.objects import DEPLOYMENT, SAMPLES, changed, mutilated, unhurried


def test_another_value_is_a_conflict_in_the_servers_words() -> None:
    live = written(None, default(DEPLOYMENT), "kubectl-client-side-apply")
    with pytest.raises(Conflicts) as refused:
        applied(live, minimal(replicas=5))
    assert refused.value.conflicts == [('"kubectl-client-side-apply" using apps/v1', ".spec.replicas")]
    assert str(refused.value) == (
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using '
        "apps/v1: .spec.replicas"
    )


def test_several_conflicts_are_listed_by_manager() -> None:
    live = applied(None, minimal(replicas=1), "b")
    live = applied(live, minimal(paused=True, minReadySeconds=3), "a")
    with pytest.raises(Conflicts) as refused:
        applied(live, minimal(replicas=2, paused=False, minReadySeconds=4), "c")
    assert str(refused.value) == (
        'Apply failed with 3 conflicts: conflicts with "a":\n- .spec.minReadySeconds\n- .spec.paused\n'
        'conflicts with "b":\n- .spec.replicas'
    )


def test_a_conflict_names_list_items_by_key() -> None:
    live = applied(None, DEPLOYMENT, "b")
    with pytest.raises(Conflicts) as refused:
        applied(live, changed(DEPLOYMENT, *WEB, "image", value="nginx:2"), "c")
    assert refused.value.conflicts == [('"b"', '.spec.template.spec.containers[name="web"].image')]


def test_the_same_value_is_shared_ownership() -> None:
    live = applied(None, minimal(replicas=3), "a")
    live = applied(live, minimal(replicas=3), "b")
    assert fields(live, "a") == fields(live, "b") == {"f:spec": {"f:replicas": {}}}


def test_the_same_quantity_is_the_same_value_however_it_is_spelled() -> None:
    live = written(None, default(DEPLOYMENT))
    limits = (*WEB, "resources", "limits", "cpu")
    assert managers(applied(live, changed(DEPLOYMENT, *limits, value=0.5))) == [
        ("me", "Apply"),
        ("kubectl-create", "Update"),
    ]


def test_force_takes_the_field_away() -> None:
    live = applied(None, minimal(replicas=3, paused=True), "a")
    live = applied(live, minimal(replicas=5), "b", force=True)
    assert live["spec"] == {"replicas": 5, "paused": True}
    assert fields(live, "a") == {"f:spec": {"f:paused": {}}}
    assert fields(live, "b") == {"f:spec": {"f:replicas": {}}}


def test_what_is_no_longer_applied_and_nobodys_goes() -> None:
    live = applied(None, DEPLOYMENT)
    smaller = copy.deepcopy(DEPLOYMENT)
    del smaller["spec"]["replicas"]
    spec = smaller["spec"]["template"]["spec"]
    spec["containers"].pop()
    del spec["containers"][0]["env"][0]
    live = applied(live, smaller, now=T2)
    assert live["spec"] == smaller["spec"]
    assert managers(live) == [("me", "Apply")]


def test_what_another_manager_owns_too_stays() -> None:
    live = applied(None, minimal(replicas=3, paused=True), "a")
    live = applied(live, minimal(replicas=3), "b")
    live = applied(live, minimal(paused=True), "a")
    assert live["spec"] == {"replicas": 3, "paused": True}
    assert fields(live, "a") == {"f:spec": {"f:paused": {}}}


def test_handing_over_replicas_to_an_autoscaler() -> None:
    """The documentation's "Transferring ownership": the applier gives up the field after the autoscaler has
    set it."""
    live = applied(None, minimal(replicas=3, paused=True), "dev")
    live = written(live, changed(live, "spec", "replicas", value=7), "hpa", subresource="scale")
    live = applied(live, minimal(paused=True), "dev")
    assert live["spec"]["replicas"] == 7


def test_items_of_others_stay_and_the_applied_order_counts() -> None:
    def env(*names: str) -> Object:
        container = {"name": "web", "env": [{"name": name, "value": "1"} for name in names]}
        return minimal(template={"spec": {"containers": [container]}})

    live = applied(None, env("A", "B", "C"), "a")
    live = applied(live, env("X"), "b")
    live = applied(live, env("C", "A"), "a")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert [entry["name"] for entry in container["env"]] == ["C", "X", "A"]


def test_sets_are_unions() -> None:
    def finalizers(*names: str) -> Object:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "finalizers": list(names)}}

    live = applied(applied(None, finalizers("a/1", "a/2"), "a"), finalizers("b/1"), "b")
    assert live["metadata"]["finalizers"] == ["a/1", "a/2", "b/1"]
    assert fields(live, "b") == {"f:metadata": {"f:finalizers": {'v:"b/1"': {}}}}
    live = applied(live, finalizers("a/2"), "a")
    assert live["metadata"]["finalizers"] == ["a/2", "b/1"]


def test_atomic_lists_are_replaced_and_conflict_whole() -> None:
    live = applied(None, DEPLOYMENT, "a")
    longer = changed(DEPLOYMENT, *WEB, "args", value=["--verbose", "--more"])
    with pytest.raises(Conflicts) as refused:
        applied(live, longer, "b")
    assert refused.value.conflicts[0][1].endswith('containers[name="web"].args')
    assert applied(live, longer, "b", force=True)["spec"] == longer["spec"]


def test_a_custom_resource_merges_by_structure_and_its_lists_whole() -> None:
    def monitor(**spec: Any) -> Object:
        return {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": {"name": "m"},
            "spec": spec,
        }

    live = applied(None, monitor(endpoints=[{"port": "http"}], selector={"matchLabels": {"a": "b"}}), "a")
    assert fields(live, "a")["f:spec"] == {
        "f:endpoints": {},
        "f:selector": {"f:matchLabels": {"f:a": {}}},
    }
    live = applied(live, monitor(selector={"matchLabels": {"c": "d"}}), "b")
    assert live["spec"]["selector"] == {"matchLabels": {"a": "b", "c": "d"}}


def test_an_object_from_before_managed_fields() -> None:
    with pytest.raises(Conflicts) as refused:
        applied(default(DEPLOYMENT), minimal(replicas=9))
    assert refused.value.conflicts == [('"before-first-apply" using apps/v1', ".spec.replicas")]


def test_kubectl_takes_over_what_its_own_client_side_apply_set() -> None:
    annotated = copy.deepcopy(DEPLOYMENT)
    annotated["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(DEPLOYMENT)}
    live = written(None, default(annotated), "kubectl-client-side-apply")
    newer = changed(DEPLOYMENT, "spec", "replicas", value=4)
    with pytest.raises(Conflicts):
        applied(live, newer, "someone-else")
    taken = applied(live, newer, "kubectl")
    assert taken["spec"]["replicas"] == 4
    assert json.loads(taken["metadata"]["annotations"][LAST_APPLIED])["spec"]["replicas"] == 4
    scaled = written(live, changed(live, "spec", "replicas", value=8), "someone-else")
    with pytest.raises(Conflicts):
        applied(scaled, newer, "kubectl")


MALFORMED: dict[str, tuple[Any, ...]] = {
    "the same key twice": (*WEB, "env", [{"name": "A"}, {"name": "A"}]),
    "an item that is no object": (*WEB, "ports", [80]),
    "a nested value in a set": ("metadata", "finalizers", [["x"]]),
    "managedFields": ("metadata", "managedFields", [{"manager": "x"}]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_configuration_that_cannot_be_applied(case: str) -> None:
    *path, value = MALFORMED[case]
    with pytest.raises(PatchError) as refused:
        applied(None, changed(DEPLOYMENT, *path, value=value))
    assert refused.value.status == (400 if case == "managedFields" else 500)


@pytest.mark.parametrize("config", SAMPLES, ids=lambda obj: obj["kind"])
def test_applying_twice_changes_nothing(config: Object) -> None:
    once = applied(None, config)
    assert applied(once, config, now=T2) == once
    stored = default(once)
    assert applied(stored, config, now=T2)["metadata"]["managedFields"] == once["metadata"]["managedFields"]


@unhurried
@given(mutilated(), mutilated())
def test_applying_works_or_says_why(first: Object, second: Object) -> None:
    kept = copy.deepcopy((first, second))
    try:
        live = applied(None, first, "a")
        track(live, second, manager="b", now=T2, schema=schema.of(second))
        applied(live, second, "c")
    except Conflicts as error:
        assert error.conflicts
    except PatchError as error:
        assert error.status in (400, 422, 500)
    assert (first, second) == kept


@unhurried
@given(mutilated(), mutilated())
def test_a_forced_apply_is_idempotent(first: Object, second: Object) -> None:
    try:
        live = applied(applied(None, first, "a"), second, "b", force=True)
    except PatchError:
        return
    assert applied(live, second, "b", now=T2) == live


@unhurried
@given(st.lists(st.sampled_from("ABCDEF"), unique=True), st.lists(st.sampled_from("ABCDEF"), unique=True))
def test_applied_items_keep_their_order(before: list[str], after: list[str]) -> None:
    def pod(names: list[str]) -> Object:
        return minimal(template={"spec": {"containers": [{"name": name.lower()} for name in names]}})

    live = applied(applied(None, pod(before), "a"), pod(after), "b")
    merged = [container["name"].upper() for container in live["spec"]["template"]["spec"]["containers"]]
    assert sorted(merged) == sorted({*before, *after})
    assert [name for name in merged if name in after] == after
    others = [name for name in before if name not in after]
    assert [name for name in merged if name in others] == others
