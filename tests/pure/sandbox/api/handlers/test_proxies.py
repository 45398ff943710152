"""Names of proxied pods and services."""

from __future__ import annotations

import pytest

from sandbox.api.handlers.proxies import split
from sandbox.api.wire.status import StatusError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", ("http", "web", "")),
        ("web:80", ("http", "web", "80")),
        ("http:web:p", ("http", "web", "p")),
        (":web:1", ("http", "web", "1")),
    ],
)
def test_proxy_names(name: str, expected: tuple[str, str, str]) -> None:
    assert split(name, "service") == expected


@pytest.mark.parametrize("name", ["https:web:443", "ftp:web:1", "a:b:c:d"])
def test_proxy_names_that_are_refused(name: str) -> None:
    with pytest.raises(StatusError) as error:
        split(name, "pod")
    assert error.value.code == 400
