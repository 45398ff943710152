"""The sentence of a verdict, and which finding leads it."""

from __future__ import annotations

from toolkit.base.outcome import Kind
from toolkit.cluster.diagnosis.finding import Cause, fatal, healing, suspicious, waiting
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


def test_what_time_might_have_healed_was_not_in_time_and_is_not_called_failed() -> None:
    slow = healing(Cause.NOT_LISTENING, "Pod/q", "no answer yet", "api", advice="listen on 3000").as_fatal()
    words = wording.failed([slow], [slow])
    assert words.kind is Kind.TIMED_OUT and words.cause is Cause.NOT_LISTENING
    assert words.reason == "not listening yet: Pod/q, container api: no answer yet"
    assert words.outcome.remedy.splitlines() == ["listen on 3000", wording.TOO_SHORT]
    crash = fatal(Cause.CRASH, "Pod/p", "ended twice", "worker")
    both = wording.failed([slow, crash], [slow, crash])
    assert both.kind is Kind.FAILED and both.lead == crash, "what is certain leads"
    assert "also not listening yet: Pod/q" in both.reason


def test_the_apps_deadline_names_what_it_waited_for_and_where_to_give_it_more_time() -> None:
    slow = healing(Cause.NOT_LISTENING, "Pod/q", "no answer yet", "api", advice="listen on 3000")
    words = wording.timed_out(30, ["x: 0 of 1 updated"], [slow], [])
    assert words.kind is Kind.TIMED_OUT and words.cause is Cause.NOT_LISTENING
    assert "`deadline` in apps.toml" in words.outcome.remedy and "listen on 3000" in words.outcome.remedy


def test_each_failing_container_is_named_once_with_its_own_cause() -> None:
    found = [
        fatal(Cause.CRASH, f"Pod/{pod}", "ended twice", container)
        for pod in ("a", "b", "c")
        for container in ("web", "proxy", "queue")
    ]
    image = fatal(Cause.IMAGE, "Pod/a", "does not exist", "log")
    reason = wording.failed([image, *found], [image, *found]).reason
    assert reason.startswith("image does not exist: Pod/a, container log")
    for container in ("web", "proxy", "queue"):
        assert reason.count(f"container {container}: ended twice") == 1
    many = [fatal(Cause.CRASH, "Pod/a", "ended twice", f"c{number}") for number in range(9)]
    assert wording.failed(many, many).reason.endswith("; and 4 more")
