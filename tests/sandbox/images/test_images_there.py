"""`python -m sandbox images`, and the toolkit asking it which images there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toolkit.images import having
from toolkit.settings.model import Cluster

from tests.sandbox.local import ROOT, Sandbox

CLUSTER = Cluster("sandbox", "sandbox")


def test_what_was_built_is_listed(sandbox: Sandbox, tiny_image: str) -> None:
    ran = sandbox.run("images")
    assert f"present {tiny_image}" in ran.stdout.splitlines()


def test_images_by_name_are_there_or_not_and_why(sandbox: Sandbox, tiny_image: str) -> None:
    none = "sandbox/none@sha256:" + "0" * 64
    refs = [tiny_image, none, "redis:7", "Not An Image", "127.0.0.1:1/app:v1"]
    ran = sandbox.run("images", "--json", *refs, check=False)
    assert ran.returncode == 1
    rows = json.loads(ran.stdout)["images"]
    assert {ref: row["state"] for ref, row in rows.items()} == {
        tiny_image: "present",
        none: "absent",
        "redis:7": "absent",
        "Not An Image": "absent",
        "127.0.0.1:1/app:v1": "unknown",
    }
    assert rows[none]["why"] == "the sandbox has built no such image of none"
    assert "connection refused" in rows["127.0.0.1:1/app:v1"]["why"]
    assert sandbox.run("images", tiny_image).stdout == f"present {tiny_image}\n"


def test_the_toolkit_learns_what_is_missing(
    sandbox: Sandbox, tiny_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(sandbox.state))
    said: list[str] = []
    none = "sandbox/none@sha256:" + "0" * 64
    found = having.missing(CLUSTER, [tiny_image, none, "127.0.0.1:1/app:v1"], ROOT, said.append)
    assert found == {none: "the sandbox has built no such image of none"}
    assert len(said) == 1 and said[0].startswith("image 127.0.0.1:1/app:v1: ")


def test_a_sandbox_that_cannot_be_started_is_a_failure_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.base.outcome import Failed

    monkeypatch.setattr(having, "TOOLKIT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)  # by which the sandbox would be found all the same
    with pytest.raises(Failed, match="did not say which images") as failed:
        having.missing(CLUSTER, ["sandbox/a:v1"], tmp_path)
    assert "No module named sandbox" in "\n".join(failed.value.evidence)
