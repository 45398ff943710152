"""toolkit.images.missing: which images cannot be had, from a docker that stands in for the real one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.images import building
from toolkit.settings.model import Cluster, Ref

OURS = "registry.example/team"
# A docker that knows one manifest, and ends like the real one for the others.
FAKE_DOCKER = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["ASKED"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
name = sys.argv[-1]
if name.endswith("good"):
    print('{"schemaVersion": 2}')
elif name.endswith("gone"):
    sys.exit(f"no such manifest: {name}")
else:
    sys.exit("Get https://" + name.split("/")[0] + "/v2/: dial tcp 10.0.0.1:443: connect: connection refused")
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(FAKE_DOCKER, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("TINY_REGISTRY", f"{OURS}/")
    return Cluster("docker", "docker", registry=Ref("TINY_REGISTRY"))


def asked(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "asked").read_text(encoding="utf-8").splitlines()]


def test_what_its_registry_does_not_know_is_missing(cluster: Cluster, tmp_path: Path) -> None:
    said: list[str] = []
    refs = [f"{OURS}/a:good", f"{OURS}/b:gone", f"{OURS}/a:good", "elsewhere.example/c:gone"]
    assert building.missing(cluster, refs, tmp_path, said.append) == {
        f"{OURS}/b:gone": f"does not exist (no such manifest: {OURS}/b:gone)",
        "elsewhere.example/c:gone": "does not exist (no such manifest: elsewhere.example/c:gone)",
    }
    assert sorted(asked(tmp_path)) == [["manifest", "inspect", ref] for ref in sorted(set(refs))]
    assert said == []


def test_our_registry_must_answer_and_others_need_not(cluster: Cluster, tmp_path: Path) -> None:
    said: list[str] = []
    found = building.missing(cluster, [f"{OURS}/a:down", "elsewhere.example/c:down"], tmp_path, said.append)
    assert list(found) == [f"{OURS}/a:down"]
    assert found[f"{OURS}/a:down"].startswith(
        "its registry could not be asked: Get https://registry.example/v2/"
    )
    (line,) = said
    assert line.startswith("image elsewhere.example/c:down: its registry could not be asked: ")


def test_nothing_is_asked_for_nothing(cluster: Cluster, tmp_path: Path) -> None:
    assert building.missing(cluster, [], tmp_path) == {}
    assert not (tmp_path / "asked").exists()


def test_each_image_is_asked_for_once_for_all_spaces(cluster: Cluster, tmp_path: Path) -> None:
    known = building.Known(cluster, tmp_path, print)
    assert list(known([f"{OURS}/b:gone"])) == [f"{OURS}/b:gone"]
    assert list(known([f"{OURS}/a:good", f"{OURS}/b:gone"])) == [f"{OURS}/b:gone"]
    assert len(asked(tmp_path)) == 2


def test_a_machine_without_docker_says_how_to_get_it(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(Misused, match="docker: no such program"):
        building.missing(cluster, [f"{OURS}/a:good"], tmp_path)
