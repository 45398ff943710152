"""The corpus of YAML in tests/pure/cases/yaml, with what kubectl made of each.

scalars.json has scalars as a value and as a key, documents.json the rest of an object. `is` is what kubectl
made of it, "refused" what it refused. tests/scripts/objects asks kubectl itself where it is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests import ROOT

HEAD = "apiVersion: example.com/v1\nkind: Foo\nmetadata: { name: x }\n"
FOLDER = ROOT / "tests" / "pure" / "cases" / "yaml"
REFUSED = "refused"


class Case(NamedTuple):
    """The text below HEAD, and the fields that it comes to; None: it is refused."""

    name: str
    yaml: str
    fields: dict[str, Any] | None


def cases() -> Iterator[Case]:
    """Every case."""
    for row in json.loads((FOLDER / "scalars.json").read_text(encoding="utf-8")):
        value, key = row["value"], row["key"]
        yield Case(
            f"value {row['yaml']}",
            f"v: {row['yaml']}\n",
            None if value == REFUSED else alike({"v": value["is"]}),
        )
        yield Case(
            f"key {row['yaml']}",
            f"v:\n  {row['yaml']}: 1\n",
            None if key == REFUSED else {"v": {key["is"]: 1}},
        )
    for row in json.loads((FOLDER / "documents.json").read_text(encoding="utf-8")):
        yield Case(row["name"], row["yaml"], alike(row["is"]) if "is" in row else None)


def alike(value: Any) -> Any:
    """With numbers beyond 64 bits as the floats that every reader of JSON makes of them."""
    if isinstance(value, dict):
        return {key: alike(each) for key, each in value.items()}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    return value
