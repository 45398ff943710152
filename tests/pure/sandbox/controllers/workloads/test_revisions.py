"""Which ReplicaSet is current, and the revisions that rollout undo and history show."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.controllers.workloads import revisions


def template(image: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image}]}}


def deployment(image: str, **notes: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "annotations": notes},
        "spec": {"replicas": 3, "template": template(image)},
    }


def replica_set(
    image: str, revision: int, created: str = "2026-01-01T00:00:00Z", **extra: Any
) -> dict[str, Any]:
    marked = template(image)
    marked["metadata"]["labels"] = {**marked["metadata"]["labels"], "pod-template-hash": "abc"}
    notes = {revisions.REVISION: str(revision)}
    meta = {"name": f"web-{image}", "creationTimestamp": created, "annotations": notes, "generation": 1}
    return {
        "metadata": meta,
        "spec": {"template": marked, "replicas": 0},
        "status": {"observedGeneration": 1},
        **extra,
    }


def test_the_hash_label_does_not_make_another_template() -> None:
    new, old = revisions.split(deployment("v2"), [replica_set("v1", 1), replica_set("v2", 2)])
    assert new is not None and new["metadata"]["name"] == "web-v2"
    assert [s["metadata"]["name"] for s in old] == ["web-v1"]


def test_empty_and_absent_fields_are_the_same_template() -> None:
    bare, defaulted = template("v1"), template("v1")
    defaulted["spec"]["containers"][0]["resources"] = {}
    defaulted["metadata"]["creationTimestamp"] = None
    assert revisions.same_template(bare, defaulted)


def test_a_set_that_is_current_again_gets_a_new_number_and_keeps_the_old_one_as_history() -> None:
    notes = revisions.annotated(deployment("v1", note="undo"), replica_set("v1", 1), 3, maximum=4)
    assert notes[revisions.REVISION] == "3"
    assert notes[revisions.HISTORY] == "1"
    assert notes["note"] == "undo"
    again = replica_set("v1", 1)
    again["metadata"]["annotations"] = notes
    assert revisions.annotated(deployment("v1"), again, 5, maximum=4)[revisions.HISTORY] == "1,3"


def test_a_revision_never_goes_down() -> None:
    assert (
        revisions.annotated(deployment("v2"), replica_set("v2", 7), 3, maximum=4)[revisions.REVISION] == "7"
    )


def test_a_new_set_knows_the_size_it_starts_from_and_nothing_of_kubectl() -> None:
    source = deployment("v1", **{"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "x"})
    assert revisions.annotated(source, None, 1, maximum=4) == {
        "team": "x",
        revisions.REVISION: "1",
        revisions.DESIRED: "3",
        revisions.MAXIMUM: "4",
    }


def test_history_keeps_the_newest_revisions_and_whatever_still_has_pods() -> None:
    old = [replica_set(f"v{n}", n) for n in (3, 1, 2)]
    assert [revisions.revision(s) for s in revisions.to_clean_up(old, 1)] == [1, 2]
    assert revisions.to_clean_up(old, None) == []
    old[1]["status"]["replicas"] = 1
    assert [revisions.revision(s) for s in revisions.to_clean_up(old, 1)] == [2]


@given(st.text(), st.integers(0, 3))
def test_the_hash_depends_on_the_template_and_makes_a_good_name(image: str, collisions: int) -> None:
    found = revisions.template_hash(template(image), collisions)
    assert found == revisions.template_hash(template(image), collisions)
    assert len(found) == 10 and found.isalnum() and found.islower()
    assert found != revisions.template_hash(template(image + "x"), collisions)
    assert found != revisions.template_hash(template(image), collisions + 1)
