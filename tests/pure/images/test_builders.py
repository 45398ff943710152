"""The commands that build images, compared whole, and how their answers are read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from toolkit.base.outcome import Failed
from toolkit.base.redaction import Raw
from toolkit.images import builders

BUILD = builders.Build(
    "fb-submitter-api",
    Path("/w s/apps/submitter/Dockerfile"),
    Path("/w s/apps"),
    "1a2b3c4d5e6f",
    "1a2b3c4d5e6f77",
)
DIGEST = "sha256:" + "ab" * 32


def test_the_sandbox_builds_by_name_file_and_context() -> None:
    assert builders.sandbox(BUILD, Path("/state")) == [
        sys.executable,
        "-m",
        "sandbox",
        "build",
        "--state",
        "/state",
        "--name",
        "fb-submitter-api",
        "--file",
        "/w s/apps/submitter/Dockerfile",
        "--context",
        "/w s/apps",
    ]


def test_the_sandboxs_answer_is_its_last_line_of_json() -> None:
    output = f'step 1\n{{"image": "sandbox/fb@{DIGEST}", "digest": "{DIGEST}", "reused": true}}\n'
    assert builders.sandbox_answer(Raw(output)) == (f"sandbox/fb@{DIGEST}", True)


@pytest.mark.parametrize(
    "output", ["", "done\n", '{"image": "sandbox/fb:latest"}\n', '{"digest": 1}\n', "{broken\n"]
)
def test_an_answer_without_a_digest_is_no_answer(output: str) -> None:
    with pytest.raises(Failed):
        builders.sandbox_answer(Raw(output))


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
    image = builders.docker_answer(Raw(output), BUILD, "registry.example/team")
    assert image == f"registry.example/team/fb-submitter-api@{DIGEST}"


def test_what_the_registry_said_at_the_push_is_the_digest() -> None:
    """Podman behind Docker's API knows the image by the digest of a manifest that no registry has."""
    said = f"The push refers to repository [registry.example/team/x]\n1: digest: {DIGEST} size: 1234\n"
    image = builders.docker_pushed(Raw(said), BUILD, "registry.example/team")
    assert image == f"registry.example/team/fb-submitter-api@{DIGEST}"
    for silent in ("", "pushed\n", "digest: sha256:12 size: 3\n"):
        assert builders.docker_pushed(Raw(silent), BUILD, "registry.example/team") == ""


@pytest.mark.parametrize(
    "output", ["[]\n", "null\n", "", "no such image\n", '["other.example/x@sha256:1"]\n']
)
def test_an_image_that_was_never_pushed_has_no_name(output: str) -> None:
    with pytest.raises(Failed, match=r"registry\.example/team/fb-submitter-api"):
        builders.docker_answer(Raw(output), BUILD, "registry.example/team")


def test_a_registry_with_a_port_is_not_taken_for_a_tag() -> None:
    output = f'["localhost:5000/fb-submitter-api@{DIGEST}"]'
    assert builders.docker_answer(Raw(output), BUILD, "localhost:5000").endswith(DIGEST)


def test_the_sandbox_is_asked_for_images_by_name() -> None:
    assert builders.sandbox_images(["sandbox/a@sha256:1", "-odd"], Path("/state")) == [
        sys.executable,
        "-m",
        "sandbox",
        "images",
        "--state",
        "/state",
        "--json",
        "--",
        "sandbox/a@sha256:1",
        "-odd",
    ]


def test_what_the_sandbox_says_of_images() -> None:
    rows = (
        '{"images": {"a": {"state": "present", "why": ""}, "b": {"state": "absent", "why": "never built"}, '
        '"c": {"state": "unknown", "why": "connection refused"}}}'
    )
    assert builders.sandbox_has(Raw(f"a warning\n{rows}\n")) == {
        "a": builders.Asked(),
        "b": builders.Asked("never built"),
        "c": builders.Asked("connection refused", is_known=False),
    }


@pytest.mark.parametrize("output", ["", "Traceback\n", '{"images": {"a": 1}}', '{"images": 2}', "{"])
def test_a_sandbox_that_says_something_else_is_a_failure(output: str) -> None:
    with pytest.raises(Failed, match="did not say which images"):
        builders.sandbox_has(Raw(output))


def test_docker_asks_the_registry_for_a_manifest() -> None:
    image = f"registry.example/team/fb@{DIGEST}"
    assert builders.docker_manifest(image) == ["docker", "manifest", "inspect", image]
    for here in ("localhost:5000/fb:v1", "127.0.0.1:5000/fb:v1"):
        assert builders.docker_manifest(here) == ["docker", "manifest", "inspect", "--insecure", here]


@pytest.mark.parametrize(
    ("said", "is_known"),
    [
        ("no such manifest: registry.example/team/fb@sha256:12", True),
        ("manifest unknown: manifest unknown", True),
        ("errors:\nname unknown: repository team/fb not found: does not exist", True),
        ("unauthorized: authentication required", False),
        ("errors:\ndenied: requested access to the resource is denied", False),
        ("Get https://registry.example/v2/: dial tcp: lookup registry.example: no such host", False),
        ("toomanyrequests: You have reached your pull rate limit.", False),
        ("Get https://registry.example/v2/: dial tcp 10.0.0.1:443: i/o timeout", False),
        ("", False),
    ],
)
def test_an_image_that_is_not_there_is_told_from_a_registry_that_will_not_say(
    said: str, is_known: bool
) -> None:
    asked = builders.docker_has(1, Raw(said))
    assert asked.why and asked.is_known is is_known
    assert builders.docker_has(0, Raw('{"schemaVersion": 2}')) == builders.Asked()
