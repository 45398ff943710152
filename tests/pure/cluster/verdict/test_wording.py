"""The sentence of a verdict, and which finding leads it."""

from __future__ import annotations

from toolkit.base.outcome import Kind
from toolkit.cluster.diagnosis.finding import Cause, fatal, suspicious, waiting
from toolkit.cluster.verdict import wording

from tests.pure.cluster.verdict.found import SECRET


def test_the_root_leads_and_a_consequence_is_not_named_as_a_cause() -> None:
    image = fatal(Cause.IMAGE, "Pod/p", "does not exist", "api")
    readiness = suspicious(Cause.READINESS, "Pod/q", "answers 503", "api", patience=9)
    evicted = waiting(Cause.DISRUPTION, "Pod/r", "evicted")
    words = wording.failed([image], [image, SECRET, readiness, evicted])
    assert words.kind is Kind.FAILED and words.lead == image
    assert words.reason == (
        "image does not exist: Pod/p, container api: does not exist; "
        'also missing configuration: Pod/p, container api: secret "x" not found'
    )


def test_the_deadline_names_what_lies_deepest() -> None:
    readiness = suspicious(Cause.READINESS, "Pod/q", "answers 503", "api", patience=90)
    memory = waiting(Cause.OUT_OF_MEMORY, "Pod/q", "ran out of memory once", "api")
    words = wording.timed_out(30, ["x: 0 of 1 updated"], [readiness, memory], ["no answer", "no answer"])
    assert words.lead == memory and words.cause is Cause.OUT_OF_MEMORY
    assert words.reason.count("no answer") == 1
    nothing = wording.timed_out(30, ["x: not seen yet"], [], [])
    assert nothing.cause is Cause.PROGRESS_DEADLINE and nothing.lead is None
    starting = wording.timed_out(30, [], [waiting(Cause.STARTING, "Pod/q", "is starting")], [])
    assert starting.cause is Cause.PROGRESS_DEADLINE


def test_of_several_failing_containers_each_is_named_and_pods_that_fail_alike_once() -> None:
    found = [
        fatal(Cause.CRASH, f"Pod/p{pod}", "ended twice", container)
        for pod in (1, 2)
        for container in ("api", "worker")
    ]
    reason = wording.failed(found[:1], found).reason
    assert reason == (
        "crash loop: Pod/p1, container api: ended twice; "
        "also crash loop: Pod/p1, container worker: ended twice"
    )
