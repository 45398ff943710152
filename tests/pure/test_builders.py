"""The commands that build images, compared whole, and how their answers are read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from toolkit import builders
from toolkit.outcome import Failed

BUILD = builders.Build(
    "fb-submitter-api",
    Path("/w s/apps/submitter/Dockerfile"),
    Path("/w s/apps"),
    "1a2b3c4d5e6f",
    "1a2b3c4d5e6f77",
)
DIGEST = "sha256:" + "ab" * 32


def test_the_sandbox_builds_by_name_file_and_context() -> None:
    assert builders.sandbox(BUILD) == [
        sys.executable,
        "-m",
        "sandbox",
        "build",
        "--name",
        "fb-submitter-api",
        "--file",
        "/w s/apps/submitter/Dockerfile",
        "--context",
        "/w s/apps",
    ]


def test_the_sandboxs_answer_is_its_last_line_of_json() -> None:
    output = f'step 1\n{{"image": "sandbox/fb@{DIGEST}", "digest": "{DIGEST}", "reused": true}}\n'
    assert builders.sandbox_answer(output) == (f"sandbox/fb@{DIGEST}", True)


@pytest.mark.parametrize(
    "output", ["", "done\n", '{"image": "sandbox/fb:latest"}\n', '{"digest": 1}\n', "{broken\n"]
)
def test_an_answer_without_a_digest_is_no_answer(output: str) -> None:
    with pytest.raises(Failed):
        builders.sandbox_answer(output)


def test_docker_builds_pushes_and_asks_for_the_digest() -> None:
    tag = "registry.example/team/fb-submitter-api:1a2b3c4d5e6f"
    assert builders.docker_build(BUILD, "registry.example/team/", Path("/tmp/id")) == [
        "docker",
        "build",
        "--file",
        "/w s/apps/submitter/Dockerfile",
        "--iidfile",
        "/tmp/id",
        "--tag",
        tag,
        "--label",
        "org.opencontainers.image.revision=1a2b3c4d5e6f77",
        "/w s/apps",
    ]
    assert builders.docker_push(BUILD, "registry.example/team") == ["docker", "push", tag]
    assert builders.docker_inspect("sha256:1") == [
        "docker",
        "image",
        "inspect",
        "--format",
        "{{json .RepoDigests}}",
        "sha256:1",
    ]


def test_dockers_answer_is_the_digest_in_this_registry() -> None:
    output = (
        f'["other.example/fb-submitter-api@sha256:1","registry.example/team/fb-submitter-api@{DIGEST}"]\n'
    )
    image = builders.docker_answer(output, BUILD, "registry.example/team")
    assert image == f"registry.example/team/fb-submitter-api@{DIGEST}"


@pytest.mark.parametrize(
    "output", ["[]\n", "null\n", "", "no such image\n", '["other.example/x@sha256:1"]\n']
)
def test_an_image_that_was_never_pushed_has_no_name(output: str) -> None:
    with pytest.raises(Failed, match=r"registry\.example/team/fb-submitter-api"):
        builders.docker_answer(output, BUILD, "registry.example/team")


def test_a_registry_with_a_port_is_not_taken_for_a_tag() -> None:
    output = f'["localhost:5000/fb-submitter-api@{DIGEST}"]'
    assert builders.docker_answer(output, BUILD, "localhost:5000").endswith(DIGEST)
