"""The next step of a StatefulSet, whatever its pods are at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.controllers.machinery import objects
from sandbox.controllers.revisioned.history import HASH
from sandbox.controllers.revisioned.stateful_plan import Step, next_step, ordinal, revision_of, status_of

Object = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def stateful_set(replicas: int = 3, **spec: Any) -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    base = {"replicas": replicas, "updateStrategy": strategy, "podManagementPolicy": "OrderedReady"}
    return {"metadata": {"name": "db", "generation": 2}, "spec": base | spec}


def pod(number: int, revision: str = "new", state: str = "ready") -> Object:
    """A pod that is ready, sick, failed or going."""
    word = "True" if state == "ready" else "False"
    condition = {"type": "Ready", "status": word, "lastTransitionTime": "2026-01-01T11:00:00Z"}
    meta: Object = {"name": f"db-{number}", "labels": {HASH: revision}}
    if state == "going":
        meta["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    phase = "Failed" if state == "failed" else "Running"
    return {"metadata": meta, "spec": {}, "status": {"phase": phase, "conditions": [condition]}}


def step(wanted: Object, *children: Object) -> tuple[list[tuple[int, bool]], list[str]]:
    made = next_step(wanted, children, "new", NOW)
    return made.create, [one["metadata"]["name"] for one in made.delete]


def test_pods_come_one_after_the_other_unless_they_may_come_together() -> None:
    assert step(stateful_set()) == ([(0, True)], [])
    assert step(stateful_set(), pod(0, state="sick")) == ([], [])
    assert step(stateful_set(), pod(0)) == ([(1, True)], [])
    assert step(stateful_set(podManagementPolicy="Parallel")) == ([(0, True), (1, True), (2, True)], [])


def test_a_gap_is_filled_before_anything_else() -> None:
    assert step(stateful_set(), pod(0, "old"), pod(2, "old")) == ([(1, True)], [])


def test_surplus_goes_from_the_highest_down() -> None:
    ready = [pod(n) for n in range(5)]
    assert step(stateful_set(), *ready) == ([], ["db-4"])
    assert step(stateful_set(), *ready[:4], pod(4, state="going")) == ([], [])
    assert step(stateful_set(podManagementPolicy="Parallel"), *ready) == ([], ["db-4", "db-3"])
    assert step(stateful_set(), *ready[:3], pod(3, state="sick"), pod(4)) == ([], ["db-4"])
    assert step(stateful_set(), *ready[:3], pod(3, state="sick"), pod(4, state="sick")) == ([], [])


def test_an_update_goes_from_the_highest_down_and_waits_for_each() -> None:
    old = [pod(n, "old") for n in range(3)]
    assert step(stateful_set(), *old) == ([], ["db-2"])
    assert step(stateful_set(), *old[:2], pod(2)) == ([], ["db-1"])
    assert step(stateful_set(), *old[:2], pod(2, state="sick")) == ([], [])
    assert step(stateful_set(podManagementPolicy="Parallel"), *old[:2], pod(2, state="sick")) == ([], [])
    part = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    assert step(stateful_set(updateStrategy=part), *old[:2], pod(2)) == ([], [])
    assert step(stateful_set(updateStrategy=part), pod(1, "old"), pod(2)) == ([(0, False)], [])
    assert step(stateful_set(updateStrategy={"type": "OnDelete"}), *old) == ([], [])


def test_a_pod_that_ended_makes_way_for_itself() -> None:
    assert step(stateful_set(), pod(0, state="failed"), pod(1), pod(2)) == ([], ["db-0"])


def test_ordinals_may_start_elsewhere_and_other_names_do_not_count() -> None:
    shifted = stateful_set(2, ordinals={"start": 5})
    assert step(shifted) == ([(5, True)], [])
    assert step(shifted, pod(0), pod(5), pod(6)) == ([], ["db-0"])
    assert ordinal(stateful_set(), {"metadata": {"name": "db-other-1"}}) is None


def test_the_current_revision_follows_when_all_are_updated() -> None:
    half = status_of(stateful_set(), [pod(0, "old"), pod(1, "old"), pod(2)], "old", "new", NOW)
    assert (half["currentRevision"], half["currentReplicas"], half["updatedReplicas"]) == ("old", 2, 1)
    done = status_of(stateful_set(), [pod(n) for n in range(3)], "old", "new", NOW)
    assert (done["currentRevision"], done["currentReplicas"], done["updatedReplicas"]) == ("new", 3, 3)


STATES = st.sampled_from(["ready", "sick", "failed", "going"])
PODS = st.dictionaries(st.integers(0, 6), st.tuples(st.sampled_from(["old", "new"]), STATES), max_size=7)


@given(PODS, st.integers(0, 5), st.booleans(), st.integers(0, 5))
def test_a_step_never_takes_more_than_it_may(
    found: dict[int, tuple[str, str]], replicas: int, parallel: bool, partition: int
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    policy = "Parallel" if parallel else "OrderedReady"
    wanted = stateful_set(replicas, updateStrategy=strategy, podManagementPolicy=policy)
    children = [pod(number, *what) for number, what in found.items()]
    made: Step = next_step(wanted, children, "new", NOW)
    assert parallel or len(made.create) + len(made.delete) <= 1
    assert all(number < replicas and number not in found for number, _ in made.create)
    assert not any(objects.deleting(one) for one in made.delete)
    names = [one["metadata"]["name"] for one in made.delete]
    assert len(names) == len(set(names))
    healthy = [one for one in made.delete if (ordinal(wanted, one) or 0) < replicas and _well(one)]
    assert len(healthy) <= 1, "an update takes one good pod at a time"
    assert all(revision_of(one) == "old" and (ordinal(wanted, one) or 0) >= partition for one in healthy)


def _well(one: Object) -> bool:
    return bool(one["status"]["conditions"][0]["status"] == "True")
