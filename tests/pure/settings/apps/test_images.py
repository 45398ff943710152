"""apps.<name>.images: what is read, and what is refused with which sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import App, Image, Ref

FILE = """
default_cluster = "here"
[environments.test]
spaces = ["dev"]
[clusters.here]
kubeconfig = "kube/config"
builder = "podman"
registry = "registry.example/team"
[apps.toy]
path = "toy"
namespace = "toy-{space}"
service = "toy"
"""


def load(folder: Path, images: str) -> App:
    file = folder / "apps.toml"
    file.write_text(FILE + images, encoding="utf-8")
    return Config.load(file).app("toy")


def test_a_text_is_a_dockerfile_and_a_table_says_more(tmp_path: Path) -> None:
    app = load(
        tmp_path,
        """
        images.api = "docker/api/Dockerfile"
        images.cache = { image = "{registry}/x:{commit}", registry = "ghcr.io/team" }
        [apps.toy.images.web]
        repository = "fb-pdf-generator-api"
        registry = { env = "WEB_REGISTRY" }
        target = "app"
        platform = "linux/arm64"
        context = "web"
        build_args = { V = "{version}", NPM = { env = "NPM_TOKEN" } }
        """,
    )
    assert app.images["api"] == Image("docker/api/Dockerfile")
    web = app.images["web"]
    assert (web.dockerfile, web.repository, web.registry) == (
        "Dockerfile", "fb-pdf-generator-api", Ref("WEB_REGISTRY"),
    )  # fmt: skip
    assert web.plain == (("V", "{version}"),) and web.secrets == (("NPM", Ref("NPM_TOKEN")),)
    assert web.varies and app.images["cache"].varies and not app.images["api"].varies
    assert app.context_of(web) == tmp_path / "toy" / "web"
    assert app.context_of(app.images["api"]) == tmp_path / "toy"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("images.api = 3", "must be the path of a Dockerfile, or a table, not a whole number"),
        ('images.api = { dockerfil = "x" }', 'images.api.dockerfil: unknown, did you mean "dockerfile"?'),
        ('images.api = { repository = "Team/X" }', 'apps.toy.images.api.repository: "Team/X" cannot be'),
        ('images.api = { repository = "x:v1" }', "without registry, tag or digest"),
        ('images.api = { platform = "amd64" }', 'apps.toy.images.api.platform: "amd64" is not a platform'),
        ('images.api = { build_args = { "A-B" = "1" } }', "images.api.build_args.A-B: cannot be the name"),
        ("images.api = { build_args = { A = 1 } }", "images.api.build_args.A: must name an environment"),
        ('images.api = { build_args = { A = { env = "A_{SPACE}" } } }', "A_{SPACE} is a variable for each"),
        ('images.api = { registry = { env = "R_{APP}" } }', "registry: R_{APP} is a variable for each"),
        ('images.api = { build_args = { A = "{space}" } }', "build_args.A: {space} stands for nothing here"),
        ('images.api = { image = "x:{tag}" }', "apps.toy.images.api.image: {tag} stands for nothing here"),
        ('images.api = { image = "" }', "does not name an image"),
        ('images.api = { image = "x:1", target = "a" }', "images.api.target: is for an image that is built"),
        ('images.api = { image = "x:1", registry = "y" }', "images.api.registry: is what {registry}"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_its_path(tmp_path: Path, said: str, sentence: str) -> None:
    with pytest.raises(Misused) as refused:
        load(tmp_path, said)
    assert sentence in refused.value.reason


def test_an_unknown_builder_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "apps.toml"
    file.write_text(FILE.replace('"podman"', '"podmen"'), encoding="utf-8")
    with pytest.raises(
        Misused, match=r'clusters\.here\.builder: "podmen" is not one of sandbox, docker'
    ) as no:
        Config.load(file)
    assert 'did you mean "podman"' in no.value.reason
