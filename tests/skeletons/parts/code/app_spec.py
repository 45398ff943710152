"""What the program answers."""

from __future__ import annotations

import app


def test_health_and_readiness_are_answered() -> None:
    assert app.answer("/health", {}) == app.answer("/readiness", {}) == (200, "healthy")


def test_the_version_is_that_of_the_chart() -> None:
    assert app.answer("/version", {"APP_SHA": "abc"}) == (200, '{"version": "abc"}')


def test_a_secret_is_told_by_its_digest_alone() -> None:
    code, said = app.answer("/told", {"SECRET_KEY_BASE": "shibboleth", "GREETING": "hello"})
    assert code == 200 and "hello" in said and "shibboleth" not in said


def test_other_addresses_are_not_there() -> None:
    assert app.answer("/metrics", {})[0] == 200
    assert app.answer("/nowhere", {})[0] == 404
