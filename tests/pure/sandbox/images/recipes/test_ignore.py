""".dockerignore as Docker reads it."""

from __future__ import annotations

import pytest

from sandbox.images.recipes.errors import BuildError
from sandbox.images.recipes.ignore import Ignore


@pytest.mark.parametrize(
    ("lines", "path", "excluded"),
    [
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("**/*.md", "docs/deep/README.md", True),
        ("**/*.md", "README.md", True),
        ("docs", "docs/a/b.txt", True),
        ("/docs/", "docs/a", True),
        ("./docs", "docs/a", True),
        ("*/temp*", "a/temporary.txt", True),
        ("*/temp*", "a/b/temporary.txt", False),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("*\n!keep.txt", "keep.txt", False),
        ("*\n!keep.txt", "other.txt", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/z", True),
        ("# comment\n\n  b  ", "b", True),
        ("[ab].txt", "a.txt", True),
        ("[^ab].txt", "a.txt", False),
        ("\\#x", "#x", True),
        ("node.modules", "nodeXmodules", False),
        ("a\n!a/b", "a/b/c", False),
    ],
)
def test_patterns(lines: str, path: str, excluded: bool) -> None:
    assert Ignore.parse(lines).excludes(path) is excluded


def test_directories_are_read_when_something_below_may_come_back() -> None:
    assert Ignore.parse("a").prunes("a")
    assert not Ignore.parse("a\n!a/b").prunes("a")
    assert not Ignore.parse("*.md").prunes("a")


@pytest.mark.parametrize("line", ["!", "[a", "a\\", "[z-a]"])
def test_what_is_no_pattern_names_the_line(line: str) -> None:
    with pytest.raises(BuildError, match=r"^\.dockerignore:2: "):
        Ignore.parse(f"ok\n{line}")
