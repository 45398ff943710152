"""Which pods tell the most about what is wrong."""

from __future__ import annotations

from toolkit.cluster.diagnosis.finding import Cause, fatal, suspicious
from toolkit.cluster.evidence import worst

from tests.pure.cluster.evidence.scenes import pod, scene_of, workload


def test_the_worst_pods_are_those_of_the_finding_then_the_most_restarted_and_five_at_most() -> None:
    pods = [pod(f"n{n}", restarts=n) for n in range(7)]
    pods += [pod("old", "old", restarts=99), pod("fine", ready=True)]
    found = [fatal(Cause.CRASH, "Pod/n2", "x"), suspicious(Cause.REGISTRY, "Pod/n5", "x")]
    scene = scene_of(workload(*pods), found)
    assert [each["metadata"]["name"] for each in worst.worst(scene)] == ["n2", "n5", "n6", "n4", "n3"]
    assert worst.worst(scene, "Pod/n0")[0]["metadata"]["name"] == "n0"
    assert [worst.revision(scene, each) for each in (pods[0], pods[7])] == ["new", "old"]


def test_the_pods_of_a_failed_job_and_of_a_deployment_are_found_through_it() -> None:
    job = {"kind": "Job", "metadata": {"name": "migrate", "uid": "j"}}
    mine = pod("migrate-1", "j", kind="Job")
    found = scene_of([job, mine, *workload(pod("a"))], [fatal(Cause.JOB, "Job/migrate", "failed")])
    assert worst.worst(found)[0]["metadata"]["name"] == "migrate-1"
    assert worst.revision(found, mine) == "job"
    quota = scene_of([job, mine, *workload(pod("a", ready=True))], [fatal(Cause.QUOTA, "Deployment/x", "x")])
    assert worst.worst(quota)[0]["metadata"]["name"] == "a"


def test_where_all_pods_are_well_some_new_ones_are_looked_at() -> None:
    scene = scene_of(workload(*[pod(f"p{n}", ready=True) for n in range(9)], pod("o", "old", ready=True)), [])
    assert [each["metadata"]["name"] for each in worst.worst(scene)] == ["p0", "p1", "p2"]
