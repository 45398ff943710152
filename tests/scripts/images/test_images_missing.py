"""toolkit.images.having.missing: which images cannot be had, asked of registries on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from toolkit.images import having
from toolkit.settings.model import Cluster, Ref

from tests.local_registry import Registry, serving


@pytest.fixture(autouse=True)
def no_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs this has logins of their own."""
    for name in ("HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)


@pytest.fixture
def ours() -> Iterator[Registry]:
    with serving() as made:
        made.put("team/a", "good")
        yield made


@pytest.fixture
def theirs() -> Iterator[Registry]:
    with serving() as made:
        yield made


@pytest.fixture
def cluster(ours: Registry, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("TINY_REGISTRY", f"{ours.host}/team/")
    return Cluster("docker", "docker", registry=Ref("TINY_REGISTRY"))


def test_what_its_registry_does_not_know_is_missing(
    cluster: Cluster, ours: Registry, theirs: Registry, tmp_path: Path
) -> None:
    said: list[str] = []
    good, gone, other = f"{ours.host}/team/a:good", f"{ours.host}/team/b:gone", f"{theirs.host}/c:gone"
    assert having.missing(cluster, [good, gone, good, other], tmp_path, said.append) == {
        gone: f"does not exist ({ours.host} does not know it)",
        other: f"does not exist ({theirs.host} does not know it)",
    }
    paths = [path for _, path, _ in [*ours.asked, *theirs.asked]]
    assert sorted(paths) == ["/v2/c/manifests/gone", "/v2/team/a/manifests/good", "/v2/team/b/manifests/gone"]
    assert said == []


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_our_registry_must_answer_and_others_need_not(
    cluster: Cluster, ours: Registry, theirs: Registry, tmp_path: Path, status: int
) -> None:
    ours.status = theirs.status = status
    said: list[str] = []
    mine, other = f"{ours.host}/team/a:good", f"{theirs.host}/c:v1"
    found = having.missing(cluster, [mine, other], tmp_path, said.append)
    assert list(found) == [mine]
    assert found[mine].startswith(f"its registry could not be asked: {ours.host} ")
    (line,) = said
    assert line.startswith(f"image {other}: its registry could not be asked: {theirs.host} ")


def test_nothing_is_asked_for_nothing(cluster: Cluster, ours: Registry, tmp_path: Path) -> None:
    assert having.missing(cluster, [], tmp_path) == {}
    assert ours.asked == []


def test_each_image_is_asked_for_once_for_all_spaces(
    cluster: Cluster, ours: Registry, tmp_path: Path
) -> None:
    good, gone = f"{ours.host}/team/a:good", f"{ours.host}/team/b:gone"
    known = having.Known(cluster, tmp_path, print)
    assert list(known([gone])) == [gone]
    assert list(known([good, gone])) == [gone]
    assert len(ours.asked) == 2
