"""Names of images taken apart as Docker does, and which registries nobody speaks TLS with."""

from __future__ import annotations

import pytest
from toolkit.images.registries.reference import Reference, is_loopback, parse

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("redis", ("docker.io", "library/redis", "", "")),
        ("redis:7", ("docker.io", "library/redis", "7", "")),
        ("team/app:v1", ("docker.io", "team/app", "v1", "")),
        ("ghcr.io/team/app:v1", ("ghcr.io", "team/app", "v1", "")),
        ("localhost/app", ("localhost", "app", "", "")),
        ("127.0.0.1:5000/a/b:1.2", ("127.0.0.1:5000", "a/b", "1.2", "")),
        ("[::1]:5000/a", ("[::1]:5000", "a", "", "")),
        (f"1.dkr.ecr.example/t/a:v@{DIGEST}", ("1.dkr.ecr.example", "t/a", "v", DIGEST)),
    ],
)  # fmt: skip
def test_a_name_has_a_registry_a_path_and_what_is_wanted(name: str, parts: tuple[str, ...]) -> None:
    assert parse(name) == Reference(*parts)


@pytest.mark.parametrize(
    "name",
    ["", "Team/app", "ghcr.io/Team/app", "a:b:c", "https://ghcr.io/a", "a@sha256:12", "a b", "/a", "{x}"],
)
def test_what_is_no_name_is_none(name: str) -> None:
    assert parse(name) is None


def test_the_digest_decides_where_there_is_a_tag_too() -> None:
    found = parse(f"ghcr.io/a:v1@{DIGEST}")
    assert found and found.wanted == DIGEST and found.by("sha256:x") == "ghcr.io/a@sha256:x"
    assert parse("ghcr.io/a") and Reference("ghcr.io", "a").wanted == "latest"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *(("localhost", True), ("localhost:5000", True), ("127.0.0.1:5000", True), ("127.9.9.9", True)),
        *(("[::1]:5000", True), ("registry.example", False), ("127.0.0.1.evil.example", False)),
        *(("localhost.evil.example:5000", False), ("k3d-registry.localhost:5001", True)),
    ],
)
def test_a_registry_of_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
