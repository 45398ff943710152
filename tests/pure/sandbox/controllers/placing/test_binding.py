"""Which claims are bound to what, which wait, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.controllers.placing.binding import SELECTED_NODE, Plan, matching, phase, plan, waits_for_consumer

Object = dict[str, Any]
LOCAL = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "Immediate"}
LATE = {"provisioner": "example.com/disks", "volumeBindingMode": "WaitForFirstConsumer"}
FAST = {"provisioner": "example.com/disks", "volumeBindingMode": "Immediate"}
CLASSES: dict[str, Object] = {"local": LOCAL, "late": LATE, "fast": FAST, "both": {**LOCAL, **LATE} | LOCAL}
CLASSES["late-local"] = {**LATE, "provisioner": LOCAL["provisioner"]}


def claim(storage_class: str | None = None, size: str = "1Gi", **more: Any) -> Object:
    named = {} if storage_class is None else {"storageClassName": storage_class}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **named, **more}
    return {"metadata": {"namespace": "n", "name": "data", "uid": "u"}, "spec": spec}


def volume(name: str, storage_class: str = "", size: str = "1Gi", **more: Any) -> Object:
    spec = {"accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": {"storage": size}, **more}
    return {
        "metadata": {"name": name},
        "spec": spec | ({"storageClassName": storage_class} if storage_class else {}),
    }


@pytest.mark.parametrize(
    ("storage_class", "provision"), [(None, True), ("fast", True), ("", False), ("local", False)]
)
def test_only_a_class_that_provisions_makes_volumes(storage_class: str | None, provision: bool) -> None:
    assert plan(claim(storage_class), CLASSES, []).provision is provision


@pytest.mark.parametrize(
    ("storage_class", "event"),
    [
        ("", ("Normal", "FailedBinding")),
        ("local", ("Warning", "ProvisioningFailed")),
        ("none", ("Warning", "ProvisioningFailed")),
        ("late", ("Normal", "WaitForFirstConsumer")),
    ],
)
def test_a_claim_that_waits_says_for_what(storage_class: str, event: tuple[str, str]) -> None:
    made = plan(claim(storage_class), CLASSES, [])
    assert made.event is not None and made.event[:2] == event
    assert not made.volume and not made.provision


def test_the_scheduler_s_choice_ends_the_wait() -> None:
    waiting = claim("late")
    waiting["metadata"]["annotations"] = {SELECTED_NODE: "sandbox"}
    assert plan(waiting, CLASSES, []) == Plan(provision=True)
    assert waits_for_consumer(waiting, CLASSES) and not waits_for_consumer(claim("fast"), CLASSES)


def test_the_smallest_volume_that_fits_is_taken() -> None:
    volumes = [
        volume("large", "local", "9Gi"),
        volume("right", "local", "2Gi"),
        volume("small", "local", "1Gi"),
    ]
    assert plan(claim("local", "2Gi"), CLASSES, volumes) == Plan(volume="right")
    assert plan(claim("fast", "2Gi"), CLASSES, volumes) == Plan(provision=True), "another class"
    assert matching(claim("local", accessModes=["ReadWriteMany"]), volumes) == ""
    assert matching(claim("local", volumeMode="Block"), volumes) == ""
    assert matching(claim("local", selector={"matchLabels": {"disk": "ssd"}}), volumes) == ""


def test_a_reserved_volume_is_for_its_claim_alone() -> None:
    mine = volume("mine", size="9Gi", claimRef={"namespace": "n", "name": "data"})
    other = volume("other", claimRef={"namespace": "n", "name": "another", "uid": "v"})
    earlier = volume("earlier", claimRef={"namespace": "n", "name": "data", "uid": "before"})
    assert matching(claim(""), [other, earlier]) == ""
    assert matching(claim(""), [other, volume("free"), mine]) == "mine"


def test_a_named_volume_is_waited_for() -> None:
    assert plan(claim("", volumeName="v"), CLASSES, []) == Plan()
    assert plan(claim("", volumeName="v"), CLASSES, [volume("v")]) == Plan(volume="v")


def test_phases() -> None:
    reserved = volume("v", claimRef={"namespace": "n", "name": "data"})
    assert phase(volume("v"), None) == phase(reserved, claim()) == "Available"
    bound = volume("v", claimRef={"namespace": "n", "name": "data", "uid": "u"})
    assert (phase(bound, claim()), phase(bound, None)) == ("Bound", "Released")
