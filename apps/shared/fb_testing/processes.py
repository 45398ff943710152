"""Fixtures of unit tests that start the app's processes as a cluster does.

The suite's own fixture `environment` gives the settings that they start with.
"""

import json
import os
import subprocess  # nosec B404
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from fb_testing.http import client
from fb_testing.servers import free_port

Process = subprocess.Popen[str]
Start = Callable[..., Process]
SECONDS = 30  # that a process may take to its end


@pytest.fixture
def port() -> int:
    """Where a web process that `start` starts will listen, on 127.0.0.1."""
    return free_port()


@pytest.fixture
def start(request: pytest.FixtureRequest, environment: dict[str, str], port: int) -> Iterator[Start]:
    """`start(module, *arguments, **changed)`: a process, `changed` being settings other than `environment`.

    What still runs after the test is killed.
    """
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(path) for path in request.config.getini("pythonpath")),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **environment,
    }
    with ExitStack() as running:

        def run(module: str, *arguments: str, **changed: str) -> Process:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**variables, **changed}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            running.callback(process.communicate)
            running.callback(process.kill)
            return process

        yield run


def is_good(url: str) -> bool:
    """Whether a GET is answered 200; not while nobody listens there."""
    try:
        return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def ended(process: Process) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and log lines, once it has ended by itself; TimeoutExpired after SECONDS."""
    out, _ = process.communicate(timeout=SECONDS)
    return process.returncode, [json.loads(line) for line in out.splitlines()]


def refusal(process: Process) -> dict[str, Any]:
    """The log line of a process that cannot start; AssertionError unless that is all that it has to say."""
    code, lines = ended(process)
    if code != 1 or [line["level"] for line in lines] != ["error"]:
        raise AssertionError(f"exit code 1 and one line of an error were expected, not {code} and {lines}")
    return lines[0]
