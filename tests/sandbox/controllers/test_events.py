"""Events are counted, not repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.base.client import Object
from sandbox.controllers.machinery.events import SIMILAR, Recorder
from tests.sandbox.controllers.real import SPACE
from tests.sandbox.controllers.stage import Stage, play


def told(stage: Stage, reason: str) -> list[Object]:
    return [e for e in stage.all("events") if e["reason"] == reason]


def test_the_same_is_counted_and_the_similar_combined(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        recorder = Recorder(stage.client, "kubelet", "sandbox")
        task = asyncio.ensure_future(recorder.run())
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {}}
        subject = await stage.create("configmaps", config)
        for _ in range(3):
            recorder.record(
                subject, "Warning", "BackOff", "restarting failed container", "spec.containers{main}"
            )
        [event] = await stage.until(lambda: [e for e in told(stage, "BackOff") if e["count"] == 3])
        assert event["involvedObject"]["fieldPath"] == "spec.containers{main}"
        assert event["involvedObject"]["uid"] == subject["metadata"]["uid"]
        assert event["source"] == {"component": "kubelet", "host": "sandbox"}
        assert event["firstTimestamp"] <= event["lastTimestamp"]
        for number in range(SIMILAR + 5):
            recorder.record(subject, "Warning", "FailedCreate", f"pods c-{number} is forbidden")
        last = f"(combined from similar events): pods c-{SIMILAR + 4} is forbidden"
        await stage.until(
            lambda: [e for e in told(stage, "FailedCreate") if e["message"] == last and e["count"] == 5]
        )
        assert len(told(stage, "FailedCreate")) == SIMILAR + 1
        await stage.client.delete(f"/api/v1/namespaces/{SPACE}/events/{event['metadata']['name']}")
        recorder.record(subject, "Warning", "BackOff", "restarting failed container", "spec.containers{main}")
        again = await stage.until(
            lambda: [e for e in told(stage, "BackOff") if e["metadata"] != event["metadata"]]
        )
        assert again[-1]["count"] == 1
        task.cancel()

    play(tmp_path, scene)
