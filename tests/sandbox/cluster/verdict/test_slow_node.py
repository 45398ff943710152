"""A node that takes its time, by chance: what is well passes there, and what is broken keeps its cause.

The seed is printed: `SANDBOX_SLOWNESS=<factor>:<seed>` gives the same node again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.node.timing.slowness import Slowness
from tests.sandbox.local import TINY, Sandbox
from tests.sandbox.platform_double import Ended, Platform, made_in

SECONDS = 300
# What the manifest adds, and words of the verdict ("" where it must pass).
VERSIONS = {
    "good": ({}, ""),
    "warms up": ({"UNREADY_SECONDS": "0-6", "VERSION": "2"}, ""),
    "ends at once": ({"EXIT_CODE": "3"}, "exit code 3"),
}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of its own, as slow as its seed says."""
    slowness = Slowness.of(f"random:{secrets.randbelow(10**6)}")
    print(f"SANDBOX_SLOWNESS={slowness}")
    sandbox = Sandbox(tmp_path_factory.mktemp("slow") / "state")
    sandbox.env["SANDBOX_SLOWNESS"] = str(slowness)
    sandbox.run("up")
    sandbox.build("tiny", TINY)
    yield sandbox
    sandbox.run("down")


@pytest.fixture(scope="module")
def platform(slow: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with made_in(slow, tmp_path_factory.mktemp("platform")) as made:
        made.manifest()
        first = made.deploy()
        assert first.code == 0, first.output
        yield made


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", VERSIONS)
def test_a_slow_node_changes_no_verdict(platform: Platform, name: str) -> None:
    env, words = VERSIONS[name]
    platform.manifest(env=env)
    ended: Ended = platform.deploy()
    assert (ended.code != 0) is bool(words), ended.output
    assert words in ended.output


@pytest.mark.timeout(SECONDS)
def test_pulls_and_starts_are_told_as_they_are(slow: Sandbox, platform: Platform) -> None:
    events = slow.api("GET", f"/api/v1/namespaces/ns-{platform.one}/events")["items"]
    pulled = [each["message"] for each in events if each["reason"] == "Pulled"]
    assert any(text.startswith("Successfully pulled image") for text in pulled), pulled
    assert any("already present on machine" in text for text in pulled), "but once only"


def test_a_slowness_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "state")
    sandbox.env["SANDBOX_SLOWNESS"] = "very"
    ended = sandbox.run("up", check=False)
    assert ended.returncode == 2
    assert "SANDBOX_SLOWNESS is 'very'" in ended.stdout + ended.stderr
