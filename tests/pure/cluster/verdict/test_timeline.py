"""What happened during a rollout, when."""

from __future__ import annotations

from toolkit.cluster.verdict.timeline import FIRST, LAST, Timeline

from tests.pure.cluster.verdict.found import SECRET


def test_the_timeline_tells_first_and_last_appearances_and_each_restart_once() -> None:
    timeline = Timeline()
    timeline.findings([SECRET])
    timeline.findings([SECRET])
    timeline.findings([])
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "u"},
        "status": {
            "containerStatuses": [
                {"name": "api", "restartCount": 3, "lastState": {"terminated": {"exitCode": 2}}}
            ]
        },
    }
    timeline.restarts([pod], {"u/api": 2})
    timeline.restarts([pod], {"u/api": 2})
    assert [sentence for _, sentence in timeline.entries()] == [
        'suspicious: missing configuration: Pod/p, container api: secret "x" not found',
        'no longer: missing configuration: Pod/p, container api: secret "x" not found',
        "restart 3 of Pod/p, container api: it ended with exit code 2",
    ]


def test_a_long_timeline_keeps_its_beginning_and_its_end() -> None:
    timeline = Timeline()
    for number in range(20_000):
        timeline.add(str(number))
    entries = [sentence for _, sentence in timeline.entries()]
    assert len(entries) <= FIRST + 2 * LAST + 1
    assert entries[0] == "0" and entries[-1] == "19999"
    assert any("entries are left out here" in each for each in entries)
