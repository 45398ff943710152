"""A watch that runs, read line by line, and what its tests do to the pods it watches."""

from __future__ import annotations

import contextlib
import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.sandbox.local import SECONDS, Sandbox, eventually
from tests.sandbox.platform_double import Platform

Start = Callable[..., "Watching"]


class Watching:
    """A watch that runs; its lines are read as they come."""

    def __init__(self, platform: Platform, *words: str, **env: str) -> None:
        self.process = platform.start("watch", "--env", platform.one, *words, **env)
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def until(self, words: str, seconds: float = 60) -> str:
        """The first line from now on that holds these words."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            assert left > 0, f"{words!r} was not said:\n{self.output}"
            with contextlib.suppress(queue.Empty):
                line = self._queue.get(timeout=left)
                assert line is not None, f"it ended without {words!r}:\n{self.output}"
                self.lines.append(line)
                if words in line:
                    return line

    def end(self, seconds: float = 60) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(seconds)
        while (line := self._queue.get(timeout=10)) is not None:
            self.lines.append(line)
        assert "Traceback" not in self.output
        return code

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


@contextlib.contextmanager
def starting(platform: Platform) -> Iterator[Start]:
    """start("--for", "9s", NAME=value) starts a watch of the first space; all are ended with the block."""
    started: list[Watching] = []

    def start(*words: str, on: Platform = platform, **env: str) -> Watching:
        started.append(Watching(on, *words, **env))
        return started[-1]

    yield start
    for each in started:
        each.close()


def soak(platform: Platform, seconds: str) -> None:
    """Give the test environment a soak time."""
    platform.configure()
    file = platform.folder / "apps.toml"
    file.write_text(
        file.read_text().replace("[environments.test]", f'[environments.test]\nsoak = "{seconds}"')
    )


def deploy(platform: Platform, replicas: int = 2, **env: str) -> Platform:
    platform.configure()
    platform.manifest(replicas=replicas, env={"UNREADY_FILE": "app/unready", **env})
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    return platform


def renew(platform: Platform, sandbox: Sandbox) -> None:
    """Replace the pods that have restarted: a container that ended lately is held back before its restart,
    which is another sight than the restart itself."""
    there = pods(sandbox, platform.one)
    for pod in there:
        if container(pod)["restartCount"]:
            sandbox.api("DELETE", f"/api/v1/namespaces/ns-{platform.one}/pods/{name(pod)}")
    eventually(lambda: [ready(pod) for pod in pods(sandbox, platform.one)] == ["True"] * len(there))


def pods(sandbox: Sandbox, space: str, app: str = "tiny") -> list[dict[str, Any]]:
    query = f"?labelSelector=app%3D{app}"
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods{query}")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def ask(pod: dict[str, Any], path: str, body: bytes) -> None:
    """A POST to the pod itself, once it listens; that it ends before it answers is fine."""
    url = f"http://{pod['status']['podIP']}:3000{path}"

    def asked() -> bool:
        try:
            urllib.request.urlopen(url, body, timeout=SECONDS).close()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            return False  # its container was ended by a test before, and is not up again
        except (ConnectionError, http.client.HTTPException):
            return True
        return True

    eventually(asked)


def restart(sandbox: Sandbox, pod: dict[str, Any], code: str = "7") -> int:
    """Let the container end with this code, and wait until it runs again; how often it was restarted ever."""
    meta = pod["metadata"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
    before = container(sandbox.wait(path, lambda obj: ready(obj) == "True"))["restartCount"]
    ask(pod, "/exit", code.encode())
    again = sandbox.wait(path, lambda obj: container(obj)["restartCount"] > before)
    return int(container(again)["restartCount"])


def container(pod: dict[str, Any]) -> dict[str, Any]:
    """The status of its one container."""
    return dict(pod["status"]["containerStatuses"][0])


def name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def ready(pod: dict[str, Any]) -> str:
    conditions = pod["status"].get("conditions") or ()
    return next((str(each["status"]) for each in conditions if each["type"] == "Ready"), "")


def unready_file(sandbox: Sandbox, pod: dict[str, Any]) -> Path:
    return next(sandbox.state.glob(f"**/{pod['metadata']['uid']}/**/app/unready"))
