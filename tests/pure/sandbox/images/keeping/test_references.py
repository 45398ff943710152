"""Image references and digests."""

from __future__ import annotations

import pytest

from sandbox.images.keeping.references import InvalidReference, Reference, parse, valid_name
from sandbox.images.keeping.store import digest_of

HEX = "ab" * 32


@pytest.mark.parametrize(
    ("text", "expected", "ours"),
    [
        ("sandbox/web", Reference("sandbox/web", "latest"), "web"),
        ("sandbox/web:1.2", Reference("sandbox/web", "1.2"), "web"),
        (f"sandbox/fb-api@sha256:{HEX}", Reference("sandbox/fb-api", "", f"sha256:{HEX}"), "fb-api"),
        (f"sandbox/a:t@sha256:{HEX}", Reference("sandbox/a", "t", f"sha256:{HEX}"), "a"),
        ("nginx", Reference("nginx", "latest"), ""),
        ("localhost:5000/a/b:1", Reference("localhost:5000/a/b", "1"), ""),
        ("sandbox/a/b", Reference("sandbox/a/b", "latest"), ""),
    ],
)
def test_references(text: str, expected: Reference, ours: str) -> None:
    assert parse(text) == expected
    assert expected.ours == ours


@pytest.mark.parametrize("text", ["", "UPPER", "a:b:c", "a//b", "-a", "a@sha256:12", "a b", "sandbox/web:"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidReference, match="couldn't parse image name"):
        parse(text)


def test_upper_case_is_named_as_the_reason() -> None:
    with pytest.raises(InvalidReference, match="must be lowercase"):
        parse("sandbox/Web")


def test_a_digest_depends_on_every_input_and_on_no_order() -> None:
    assert digest_of({"a": 1, "b": {"c": 2}}) == digest_of({"b": {"c": 2}, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    assert digest_of({}).startswith("sha256:") and len(digest_of({})) == 71


def test_names() -> None:
    assert valid_name("fb-submitter-api") and valid_name("a.b_c")
    assert not any(map(valid_name, ("", "A", "a/b", "-a", "a:", "a b", "../a")))
