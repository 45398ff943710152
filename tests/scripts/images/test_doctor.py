"""What `make doctor` says of a cluster's builder and of the registries that images go to."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.images import asking
from toolkit.images.builders import table
from toolkit.settings.model import App, Cluster, Image, Ref

from tests.local_registry import serving


def app(**images: Image) -> App:
    return App("tiny", "", 1, Path(), "tiny", "tiny", images=images)


@pytest.mark.parametrize("builder", table.ROWS)
def test_a_builder_that_is_missing_is_named(
    builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = asking.of_builder(Cluster("x", builder), [app()])
    program = table.named(builder).program
    assert found[0] is False and f"{program} is not here, which builds the images" in found[1]
    assert found[2]


@pytest.mark.parametrize("builder", ["podman", "buildah", "kaniko", "docker", "buildx"])
def test_a_builder_that_is_here_answers_and_so_do_all_registries(
    builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / table.named(builder).program
    program.write_text("#!/bin/sh\necho 28.2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with serving("basic") as first, serving() as second:
        web = app(web=Image(registry=f"{second.host}/team"), api=Image())
        found = list(asking.of_builder(Cluster("x", builder, registry=f"{first.host}/team"), [web]))
    assert [each[0] for each in found] == [True, True, True]
    assert [each[1] for each in found[1:]] == [
        f"the registry {host} answers" for host in (first.host, second.host)
    ]


def test_the_old_name_of_the_registrys_variable_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ECR_REPOSITORY", "1.dkr.ecr.example/team")
    monkeypatch.delenv("ECR_REGISTRY", raising=False)
    (_, renamed) = asking.of_builder(Cluster("x", "podman", registry=Ref("ECR_REGISTRY")), [app()])
    assert renamed[:2] == (False, "ECR_REPOSITORY is set, and its name is ECR_REGISTRY now")
