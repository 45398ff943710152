"""The package registry, asked about single releases: what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.base.outcome import Failed
from toolkit.checks.advisories import registry


@pytest.mark.parametrize(
    ("index", "address", "headers"),
    [
        ("https://index.invalid/simple/", "https://index.invalid/pypi", {}),
        ("https://index.invalid/api/pypi/own/simple", "https://index.invalid/api/pypi/own/pypi", {}),
        (
            "https://me:s%40cret-word@index.invalid:8443/simple",
            "https://index.invalid:8443/pypi",
            {"Authorization": "Basic bWU6c0BjcmV0LXdvcmQ="},
        ),
    ],
)
def test_the_json_api_is_beside_pips_index(index: str, address: str, headers: dict[str, str]) -> None:
    found = registry.beside(index)
    assert (found.address, found.headers) == (address, headers)
    assert "cret" not in repr(found)


def test_a_registry_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(Failed):
        registry.beside("file:///srv/wheels")


VULNERABLE = {
    "id": "PYSEC-1",
    "aliases": ["GHSA-x", "CVE-2024-1"],
    "details": "bad\nvery",
    "link": "https://osv",
}


def test_an_answer_about_a_release() -> None:
    withdrawn = {**VULNERABLE, "withdrawn": "2024-01-01T00:00:00Z"}
    assert registry.advisories({"vulnerabilities": [VULNERABLE, withdrawn]}, "1", whole_project=False) == [
        {"id": "PYSEC-1", "cve": "CVE-2024-1", "summary": "bad", "link": "https://osv"}
    ]


@pytest.mark.parametrize(
    ("document", "whole"),
    [(None, False), ([], False), ({}, False), ({"vulnerabilities": [], "info": {"version": "2"}}, True)],
)
def test_an_answer_that_does_not_speak_of_the_version_is_none(document: Any, whole: bool) -> None:
    assert registry.advisories(document, "1", whole_project=whole) is None
