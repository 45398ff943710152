"""The live database: which one is read, and where it is had from."""

from __future__ import annotations

import pytest
from toolkit.base.outcome import Failed
from toolkit.checks.advisories import live, sources
from toolkit.checks.advisories.model import SCHEMA, Advisory

from tests.pure.checks.advisories.packages import NEW


def test_a_live_database_of_another_schema_is_refused() -> None:
    with pytest.raises(Failed, match=r"schema 3\.0"):
        sources.read_live({**NEW, "meta": {"schema_version": "3.0"}}, "x")


def test_a_live_database_is_read() -> None:
    source = sources.read_live(NEW, "x")
    assert source.advisories == (
        Advisory("65511", "jinja2", ("<3.1.3",), "xmlattr", "CVE-2024-22195", "/v/65511"),
    )


def test_the_live_address_can_be_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISORIES_URL", "https://mirror.invalid/db/")
    assert live.address() == "https://mirror.invalid/db/insecure_full.json"
    monkeypatch.delenv("ADVISORIES_URL")
    assert live.address().endswith(f"/{SCHEMA}/insecure_full.json")
