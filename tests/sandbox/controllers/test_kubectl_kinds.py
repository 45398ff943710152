"""A stock kubectl is content with StatefulSets, DaemonSets, CronJobs and custom kinds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.controllers.stage import Stage, play
from tests.sandbox.controllers.test_cronjobs import cron_job
from tests.sandbox.controllers.test_custom_kinds import definition
from tests.sandbox.controllers.test_kubectl_rollout import kubectl
from tests.sandbox.controllers.workloads import daemon_set, images, stateful_set

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl here")
ROLLED = {
    "statefulset/db": "partitioned roll out complete|rolling update complete",
    "daemonset/agent": "rolled out",
}


def _said(answer: str, words: str) -> bool:
    return any(word in answer for word in words.split("|"))


@pytest.mark.parametrize(
    ("workload", "made"), [("statefulset/db", stateful_set()), ("daemonset/agent", daemon_set())]
)
def test_rollouts_of_other_workloads(tmp_path: Path, workload: str, made: Any) -> None:
    async def scene(stage: Stage) -> None:
        await kubectl(stage, "apply", "-f", "-", stdin=json.dumps(made))
        answer = await kubectl(stage, "rollout", "status", workload, "--timeout=60s")
        assert _said(answer, ROLLED[workload]), answer
        await kubectl(stage, "set", "image", workload, "main=good:2")
        answer = await kubectl(stage, "rollout", "status", workload, "--timeout=60s")
        assert _said(answer, ROLLED[workload]) and set(images(stage).values()) == {"good:2"}
        history = await kubectl(stage, "rollout", "history", workload)
        assert [line.split()[0] for line in history.splitlines()[2:] if line.strip()] == ["1", "2"]
        old = await kubectl(stage, "rollout", "history", workload, "--revision=1")
        assert "Image:\tgood\n" in old
        await kubectl(stage, "rollout", "undo", workload)
        await kubectl(stage, "rollout", "status", workload, "--timeout=60s")
        assert set(images(stage).values()) == {"good"}
        history = await kubectl(stage, "rollout", "history", workload)
        assert [line.split()[0] for line in history.splitlines()[2:] if line.strip()] == ["2", "3"]
        await kubectl(stage, "rollout", "restart", workload)
        await kubectl(stage, "rollout", "status", workload, "--timeout=60s")
        told = await kubectl(stage, "describe", workload)
        assert "SuccessfulCreate" in told and "kubectl.kubernetes.io/restartedAt" in told
        assert "3 Running" in told if workload.startswith("stateful") else "1 Running" in told
        await kubectl(stage, "get", workload, "-o", "wide")

    play(tmp_path, scene)


def test_a_stateful_set_is_scaled_and_a_bad_update_is_undone_by_hand(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await kubectl(stage, "apply", "-f", "-", stdin=json.dumps(stateful_set(replicas=1)))
        await kubectl(stage, "scale", "statefulset/db", "--replicas=2")
        await kubectl(stage, "rollout", "status", "statefulset/db", "--timeout=60s")
        await kubectl(stage, "set", "image", "statefulset/db", "main=sick")
        answer = await kubectl(stage, "rollout", "status", "statefulset/db", "--timeout=2s", code=1)
        assert "Waiting for" in answer
        # As on a real cluster, the pod that is not ready has to be taken away after the undo.
        await kubectl(stage, "rollout", "undo", "statefulset/db")
        await kubectl(stage, "delete", "pod/db-1", "--wait=false")
        await kubectl(stage, "rollout", "status", "statefulset/db", "--timeout=60s")
        assert images(stage) == {"db-0": "good", "db-1": "good"}

    play(tmp_path, scene)


def test_a_cron_job_is_shown_and_tried_by_hand(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await kubectl(stage, "apply", "-f", "-", stdin=json.dumps(cron_job()))
        shown = await kubectl(stage, "get", "cronjob/nightly")
        assert "* * * * *" in shown and "True" in shown
        await kubectl(stage, "create", "job", "by-hand", "--from=cronjob/nightly")
        await kubectl(stage, "wait", "--for=condition=Complete", "job/by-hand", "--timeout=60s")
        told = await kubectl(stage, "describe", "cronjob/nightly")
        assert (
            "Concurrency Policy:            Allow" in told and "Suspend:                       True" in told
        )
        wrong = cron_job(schedule="61 * * * *")
        answer = await kubectl(stage, "apply", "-f", "-", stdin=json.dumps(wrong), code=1)
        assert (
            'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61' in answer
        )

    play(tmp_path, scene)


def test_a_custom_kind_is_used_as_any_other(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        await kubectl(stage, "apply", "--server-side", "-f", "-", stdin=json.dumps({**head, **definition()}))
        await kubectl(
            stage, "wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=30s"
        )
        widget = {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "w"},
            "spec": {"a": 1},
        }
        for arguments in (("apply",), ("apply", "--server-side", "--force-conflicts")):
            widget["spec"] = {"a": 1, "how": len(arguments)}
            await kubectl(stage, *arguments, "-f", "-", stdin=json.dumps(widget))
            found = json.loads(await kubectl(stage, "get", "widget/w", "-o", "json"))
            assert found["spec"] == widget["spec"]
        await kubectl(stage, "label", "widgets.example.com/w", "x=y")
        assert "w " in await kubectl(stage, "get", "widgets", "-l", "x=y")
        await kubectl(stage, "describe", "widget/w")
        await kubectl(stage, "delete", "crd/widgets.example.com", "--timeout=30s")
        await kubectl(stage, "get", "widgets", code=1)

    play(tmp_path, scene)
