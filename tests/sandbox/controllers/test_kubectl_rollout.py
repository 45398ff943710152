"""A stock kubectl drives rollouts against the controllers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from sandbox.controllers.machinery import objects
from tests.sandbox.api.real import named
from tests.sandbox.controllers import real
from tests.sandbox.controllers.real import SPACE
from tests.sandbox.controllers.stage import Stage, deployment, place, play, rolled_out

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl here")


async def kubectl(stage: Stage, *arguments: str, code: int = 0, stdin: str = "") -> str:
    """Output of a kubectl command, which has to end with this exit code; the stage shows what it has seen."""
    home = stage.state.parent
    if stdin and named() is not None:
        stdin = json.dumps(real.kept(json.loads(stdin)))
    process = await asyncio.create_subprocess_exec(
        "kubectl",
        f"--kubeconfig={stage.kubeconfig()}",
        f"--namespace={SPACE}",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
    )
    output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 90)
    assert process.returncode == code, output.decode()
    await stage.caught_up()
    return output.decode()


def test_status_history_undo_and_restart(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        manifest = json.dumps(deployment())
        await kubectl(stage, "apply", "-f", "-", stdin=manifest)
        answer = await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        assert 'deployment "web" successfully rolled out' in answer
        await kubectl(stage, "set", "image", "deployment/web", "main=good:2")
        await kubectl(stage, "annotate", "deployment/web", "kubernetes.io/change-cause=second")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        await stage.until(
            lambda: [
                s
                for s in stage.all("replicasets")
                if "kubernetes.io/change-cause" in objects.annotations_of(s)
            ]
        )
        history = (await kubectl(stage, "rollout", "history", "deployment/web")).split()
        assert history[-4:] == ["1", "<none>", "2", "second"]
        assert "rolled back" in await kubectl(stage, "rollout", "undo", "deployment/web")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        images = {p["spec"]["containers"][0]["image"] for p in stage.all("pods") if not objects.deleting(p)}
        assert images == {"good"}
        history = (await kubectl(stage, "rollout", "history", "deployment/web")).split()
        assert [word for word in history if word.isdigit()] == ["2", "3"]
        before = {p["metadata"]["uid"] for p in stage.all("pods")}
        await kubectl(stage, "rollout", "restart", "deployment/web")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        await stage.until(lambda: not before & {p["metadata"]["uid"] for p in stage.all("pods")})
        answer = await kubectl(stage, "rollout", "undo", "deployment/web", "--to-revision=2")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        found = await stage.until(
            lambda: rolled_out(stage.get("deployments", "web")) and stage.get("deployments", "web")
        )
        assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "good:2"

    play(tmp_path, scene)


def test_status_tells_of_an_exceeded_deadline(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment(image="sick", progressDeadlineSeconds=1))
        answer = await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s", code=1)
        assert 'error: deployment "web" exceeded its progress deadline' in answer

    play(tmp_path, scene)


def test_scale_pause_resume_delete(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.create("deployments", deployment())
        await kubectl(stage, "scale", "deployment/web", "--replicas=4")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        await stage.until(lambda: len(stage.all("pods")) == 4)
        await kubectl(stage, "rollout", "pause", "deployment/web")
        await kubectl(stage, "set", "image", "deployment/web", "main=good:2")
        await kubectl(stage, "rollout", "resume", "deployment/web")
        await kubectl(stage, "rollout", "status", "deployment/web", "--timeout=60s")
        await kubectl(stage, "delete", "deployment", "web", "--cascade=foreground", "--timeout=60s")
        await stage.until(lambda: not stage.all("pods") and not stage.all("replicasets"))
        assert not (await stage.client.get(place("deployments")))["items"]

    play(tmp_path, scene)
