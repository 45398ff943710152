"""The seven apps on a real cluster: `CLUSTER=cloud-platform make pipeline APP=all`, a token a namespace.

The tests tell one story, in the order of this file: they share a clone and the platform's namespaces.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.clone import Clone
from tests.kubernetes import audit
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.granting import DEPLOYER
from tests.kubernetes.platform import CLUSTER, Platform

pytestmark = [pytest.mark.timeout(2700), pytest.mark.xdist_group("platform")]

BESIDE = ("service-token-cache", "outbox")
"""Deployed by hand before the first run: all need the first, and the second has no pipeline of its own."""

OLD = 'advisories_fail_after = "30'
"""Days: on a cluster that is not the sandbox a release to production fails when nobody could be asked."""


class Released:
    """A clone, and make in it as somebody who has the tokens."""

    def __init__(self, clone: Clone, platform: Platform) -> None:
        self.clone, self.platform = clone, platform
        self.since = datetime.now(UTC).isoformat()

    def variables(self) -> dict[str, str]:
        return {"CLUSTER": CLUSTER, **self.platform.variables()}

    def make(self, *words: str, seconds: float = 2400) -> tuple[int, str]:
        process = self.clone.start(*words, **self.variables())
        try:
            output, _ = process.communicate(timeout=seconds)
        finally:
            if process.poll() is None:  # in a session of its own: nobody else would end it
                os.killpg(process.pid, signal.SIGINT)
                process.communicate(timeout=60)
        return process.returncode, output

    def status(self) -> list[dict[str, Any]]:
        """What `make status` knows of every app in every space."""
        ran = subprocess.run(
            [self.clone.folder / ".venv/bin/python", "scripts/status.py", "--json"],
            cwd=self.clone.folder,
            env=self.clone.environment(**self.variables()),
            capture_output=True,
            text=True,
            check=True,
        )
        return list(json.loads(ran.stdout))

    def runs(self) -> dict[str, dict[str, Any]]:
        """The newest record of each app."""
        files = sorted((self.clone.folder / ".pipeline/runs").glob("*/run.json"))
        return {data["app"]: data for data in (json.loads(file.read_text()) for file in files)}


@pytest.fixture(scope="module")
def released(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    clone = Clone(tmp_path_factory.mktemp("on a real cluster") / "form builder")
    table = clone.folder / "apps.toml"
    assert OLD in table.read_text()
    table.write_text(table.read_text().replace(OLD, f"{OLD}000"))
    clone.commit("a ring without a way out is not judged by the age of its advisories")
    platform = Platform(cluster, clone.folder)
    try:
        platform.make()
        yield Released(clone, platform)
    finally:
        platform.remove()


def test_what_the_apps_need_beside_them_is_deployed(released: Released) -> None:
    for app in BESIDE:
        environments = ("test", "production") if app != "outbox" else ("test",)
        for environment in environments:
            code, output = released.make("deploy", f"APP={app}", f"ENV={environment}")
            assert code == 0, output


def test_seven_apps_become_verified_releases_with_one_command(released: Released) -> None:
    code, output = released.make("pipeline", "APP=all")
    assert code == 0, output
    apps = [app.name for app in released.platform.config.apps.values() if not app.support]
    assert len(apps) == 7
    runs = released.runs()
    for name in apps:
        stages = {stage["id"]: stage["outcome"] for stage in runs[name]["stages"]}
        assert set(stages.values()) == {"passed"}, (name, stages)
    rows = {(row["app"], row["space"]): row for row in released.status()}
    for spot in released.platform.spots:
        if not spot.app.support:
            assert rows[spot.app.name, spot.space]["verified"] is True, spot
            assert rows[spot.app.name, spot.space]["version"] == runs[spot.app.name]["commit"][:12]


def test_what_did_not_change_is_not_done_again(released: Released) -> None:
    first = released.runs()
    code, output = released.make("pipeline", "APP=all")
    assert code == 0, output
    for name, record in released.runs().items():
        if name not in first or name == "outbox":
            continue
        for stage in record["stages"]:
            if stage["name"] not in ("approve", "alert"):
                assert stage.get("reused"), (name, stage["id"])


def test_nothing_was_asked_for_beyond_the_roles(released: Released, cluster: Cluster) -> None:
    if cluster.node is None:
        pytest.skip("only the audit log of the node of one's own can be read: make kubernetes-up")
    log = audit.lines(cluster.node.places.audit)
    asked = [
        event
        for event in audit.of_account(log, DEPLOYER, released.platform.namespaces)
        if event["requestReceivedTimestamp"] >= released.since
    ]
    assert len(asked) > 1000, "the log tells of next to nothing"
    assert audit.refused(asked) == []


def test_no_token_is_in_a_record(released: Released) -> None:
    tokens = [token.encode() for token in released.platform.tokens.values()]
    for path in Path(released.clone.folder, ".pipeline").rglob("*"):
        if path.is_file() and not path.is_symlink() and "venvs" not in path.parts:
            content = path.read_bytes()
            assert not any(token in content for token in tokens), path
