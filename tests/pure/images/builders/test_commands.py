"""The commands that build images, compared whole, and how their answers are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.images.builders import docker, sandbox, table
from toolkit.images.builders.builder import ARGUMENTS, PLATFORM, SECRETS, TARGET, Build, Run
from toolkit.settings.tables.clusters import BUILDERS

DIGEST = "sha256:" + "ab" * 32
REPOSITORY = "registry.example/team/fb-submitter-api"
TAGGED = f"{REPOSITORY}:1a2b3c4d5e6f"
BUILD = Build(
    "fb-submitter-api",
    Path("/w s/apps/submitter/Dockerfile"),
    Path("/w s/apps"),
    "1a2b3c4d5e6f",
    "1a2b3c4d5e6f77",
    REPOSITORY,
)
FULL = replace(
    BUILD,
    args=(("VERSION", "1 2"), ("NODE", "20")),
    secrets=(("NPM", "NPM_TOKEN"),),
    target="app",
    platform="linux/amd64",
)
USUAL = [
    *("--file", "/w s/apps/submitter/Dockerfile", "--tag", TAGGED),
    *("--label", "org.opencontainers.image.revision=1a2b3c4d5e6f77"),
]
MORE = [
    *("--build-arg", "VERSION=1 2", "--build-arg", "NODE=20", "--secret", "id=NPM,env=NPM_TOKEN"),
    *("--target", "app", "--platform", "linux/amd64"),
]
NOT_PROVEN = ["--provenance=false", "--sbom=false", "--metadata-file", "F/metadata.json", "--push"]
KANIKO = [
    *("executor", "--dockerfile", "/w s/apps/submitter/Dockerfile", "--context", "dir:///w s/apps"),
    *("--destination", TAGGED, "--digest-file", "F/digest", "--cleanup"),
    *("--label", "org.opencontainers.image.revision=1a2b3c4d5e6f77"),
]
COMMANDS: dict[str, list[list[str]]] = {
    "docker": [["docker", "build", "--iidfile", "F/id", *USUAL, "/w s/apps"], ["docker", "push", TAGGED]],
    "buildx": [["docker", "buildx", "build", *NOT_PROVEN, *USUAL, "/w s/apps"]],
    "podman": [
        ["podman", "build", *USUAL, "/w s/apps"],
        ["podman", "push", "--digestfile", "F/digest", TAGGED],
    ],
    "buildah": [
        ["buildah", "build", *USUAL, "/w s/apps"],
        ["buildah", "push", "--digestfile", "F/digest", TAGGED],
    ],
    "kaniko": [KANIKO],
}


class Programs:
    """Writes down what it is asked, and leaves behind what the real programs do."""

    def __init__(self, folder: Path, digest: str = DIGEST) -> None:
        self.folder, self.digest = folder, digest
        self.asked: list[list[str]] = []
        self.env: dict[str, str] = {}

    @property
    def run(self) -> Run:
        return Run(self._shown, lambda argv: self._shown(argv, {}))

    def _shown(self, argv: list[str], env: Mapping[str, str]) -> Raw:
        self.asked.append([word.replace(str(self.folder), "F") for word in argv])
        self.env |= env
        (self.folder / "id").write_text("sha256:1\n")
        (self.folder / "digest").write_text(f"{self.digest}\n")
        (self.folder / "metadata.json").write_text(json.dumps({"containerimage.digest": self.digest}))
        return Raw(f"1: digest: {self.digest} size: 1\n")


def test_every_builder_that_can_be_named_has_a_row() -> None:
    assert set(BUILDERS) == {"sandbox", *table.ROWS}
    assert set(COMMANDS) == set(table.ROWS)


@pytest.mark.parametrize("name", table.ROWS)
def test_a_builder_builds_pushes_and_answers_with_the_digest(name: str, tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    assert table.named(name).make(BUILD, tmp_path, programs.run) == f"{REPOSITORY}@{DIGEST}"
    assert programs.asked == COMMANDS[name]
    assert programs.env == {}


@pytest.mark.parametrize("name", ["docker", "buildx", "podman", "buildah"])
def test_what_an_image_says_of_its_build_is_told_the_builder(name: str, tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    table.named(name).make(FULL, tmp_path, programs.run)
    (build, *_) = programs.asked
    assert build[-len([*USUAL, *MORE]) - 1 :] == [*USUAL, *MORE, "/w s/apps"]
    assert programs.env == ({"DOCKER_BUILDKIT": "1"} if name == "docker" else {})


def test_kaniko_is_told_in_its_own_words(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    table.named("kaniko").make(replace(FULL, secrets=()), tmp_path, programs.run)
    more = ["--build-arg", "VERSION=1 2", "--build-arg", "NODE=20", "--target", "app"]
    assert programs.asked == [[*KANIKO, *more, "--custom-platform", "linux/amd64"]]
    assert not table.named("kaniko").side_by_side


@pytest.mark.parametrize(("name", "flag"), [("podman", "--tls-verify=false"), ("kaniko", "--insecure")])
@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "registry.example:5000"])
def test_only_a_registry_of_this_machine_is_spoken_to_without_tls(
    name: str, flag: str, host: str, tmp_path: Path
) -> None:
    programs = Programs(tmp_path)
    table.named(name).make(replace(BUILD, repository=f"{host}/x"), tmp_path, programs.run)
    assert any(flag in argv for argv in programs.asked) is (host != "registry.example:5000")


@pytest.mark.parametrize("name", table.ROWS)
@pytest.mark.parametrize("digest", ["", "sha256:12", "latest"])
def test_a_builder_that_names_no_digest_has_built_nothing(name: str, digest: str, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="digest"):
        table.named(name).make(BUILD, tmp_path, Programs(tmp_path, digest).run)


def test_what_a_build_asks_of_a_builder() -> None:
    assert BUILD.asks == frozenset()
    assert FULL.asks == {ARGUMENTS, SECRETS, TARGET, PLATFORM}
    assert table.can("sandbox") == {ARGUMENTS}
    assert SECRETS not in table.can("kaniko")


def test_dockers_answer_is_the_digest_in_this_registry() -> None:
    output = f'["other.example/fb-submitter-api@sha256:1","{REPOSITORY}@{DIGEST}"]\n'
    assert docker.inspected(Raw(output), BUILD) == f"{REPOSITORY}@{DIGEST}"


def test_what_the_registry_said_at_the_push_is_the_digest() -> None:
    """Podman behind Docker's API knows the image by the digest of a manifest that no registry has."""
    said = f"The push refers to repository [registry.example/team/x]\n1: digest: {DIGEST} size: 1234\n"
    assert docker.pushed(Raw(said), BUILD) == f"{REPOSITORY}@{DIGEST}"
    for silent in ("", "pushed\n", "digest: sha256:12 size: 3\n"):
        assert docker.pushed(Raw(silent), BUILD) == ""


@pytest.mark.parametrize(
    "output", ["[]\n", "null\n", "", "no such image\n", '["other.example/x@sha256:1"]\n']
)
def test_an_image_that_was_never_pushed_has_no_name(output: str) -> None:
    with pytest.raises(Failed, match=r"registry\.example/team/fb-submitter-api"):
        docker.inspected(Raw(output), BUILD)


def test_a_registry_with_a_port_is_not_taken_for_a_tag() -> None:
    build = replace(BUILD, repository="localhost:5000/fb-submitter-api")
    assert docker.inspected(Raw(f'["localhost:5000/fb-submitter-api@{DIGEST}"]'), build).endswith(DIGEST)


def test_the_sandbox_builds_by_name_file_and_context() -> None:
    start = [sys.executable, "-m", "sandbox", "build", "--state", "/state", "--name", "fb-submitter-api"]
    where = ["--file", "/w s/apps/submitter/Dockerfile", "--context", "/w s/apps"]
    assert sandbox.build(BUILD, Path("/state")) == [*start, *where]
    args = replace(BUILD, args=(("VERSION", "1 2"),))
    assert sandbox.build(args, Path("/state"), check=True) == [
        *(*start, *where),
        *("--build-arg", "VERSION=1 2", "--check"),
    ]


def test_the_sandboxs_answer_is_its_last_line_of_json() -> None:
    output = f'step 1\n{{"image": "sandbox/fb@{DIGEST}", "digest": "{DIGEST}", "reused": true}}\n'
    assert sandbox.answer(Raw(output)) == (f"sandbox/fb@{DIGEST}", True)


@pytest.mark.parametrize(
    "output", ["", "done\n", '{"image": "sandbox/fb:latest"}\n', '{"digest": 1}\n', "{broken\n"]
)
def test_an_answer_without_a_digest_is_no_answer(output: str) -> None:
    with pytest.raises(Failed):
        sandbox.answer(Raw(output))


def test_the_sandbox_is_asked_for_images_by_name() -> None:
    start = [sys.executable, "-m", "sandbox", "images", "--state", "/state", "--json", "--"]
    refs = ["sandbox/a@sha256:1", "-odd"]
    assert sandbox.images(refs, Path("/state")) == [*start, *refs]


def test_what_the_sandbox_says_of_images() -> None:
    rows = (
        '{"images": {"a": {"state": "present", "why": ""}, "b": {"state": "absent", "why": "never built"}, '
        '"c": {"state": "unknown", "why": "connection refused"}}}'
    )
    assert sandbox.has(Raw(f"a warning\n{rows}\n")) == {
        "a": sandbox.Asked(),
        "b": sandbox.Asked("never built"),
        "c": sandbox.Asked("connection refused", is_known=False),
    }


@pytest.mark.parametrize("output", ["", "Traceback\n", '{"images": {"a": 1}}', '{"images": 2}', "{"])
def test_a_sandbox_that_says_something_else_is_a_failure(output: str) -> None:
    with pytest.raises(Failed, match="did not say which images"):
        sandbox.has(Raw(output))
