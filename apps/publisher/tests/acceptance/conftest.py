"""Publishes forms of its own under names that nobody else has, fills them in as a person, removes them again.

Environment: PUBLISHER_URL and PUBLISHER_TOKEN; SERVICES_SPACE (where to publish); OUTBOX_URL and
TOKEN_CACHE_URL of that space as this process sees them, OUTBOX_INTERNAL_URL as the submitter sees it;
FORMS_PROXY, an HTTP proxy to the Services of the forms, by name. A published form is opened at the address
that the publisher shows, where people outside the cluster have one, else at its Service.
"""

import ipaddress
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fb_testing.environment import needed
from fb_testing.http import client
from fb_testing.outbox import Outbox
from fb_testing.person import HttpPerson
from fb_testing.waiting import until

READY = 90  # seconds that a form may take to be published, or to be gone


@dataclass
class Publisher:
    """The publisher, as a program uses it, for one space."""

    url: str
    token: str = field(repr=False)
    space: str

    def ask(self, method: str, route: str, body: Any = None) -> httpx.Response:
        headers = {"x-publisher-token": self.token}
        return client.request(method, self.url + route, json=body, headers=headers)

    def wish(self, form: Any) -> httpx.Response:
        return self.ask("POST", "/forms", {"space": self.space, "form": form})

    def route(self, slug: str) -> str:
        return f"/forms/{self.space}/{slug}"

    def publish(self, form: dict[str, Any]) -> str:
        """Publish a form and wait until it is; its address."""
        answer = self.wish(form)
        assert answer.status_code == 202, f"the wish is answered {answer.status_code}: {answer.text[:500]}"
        assert answer.headers["location"] == self.route(form["slug"])
        version = answer.json()["version"]

        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask("GET", self.route(form["slug"])).json()
            return (
                found if found["state"] in ("published", "failed") and found["version"] == version else None
            )

        found = until(f"{form['slug']} to be published", settled, seconds=READY, every=0.2)
        assert found["state"] == "published", f"it failed: {found['reason']}"
        return str(found["address"])

    def unpublish(self, slug: str) -> None:
        """Unpublish a form and wait until nothing is left of it."""
        assert self.ask("DELETE", self.route(slug)).status_code in (202, 404)
        until(f"{slug} to be gone", lambda: self.is_unknown(slug), seconds=READY, every=0.2)

    def is_unknown(self, slug: str) -> bool:
        return self.ask("GET", self.route(slug)).status_code == 404


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return needed(
        "PUBLISHER_URL", "PUBLISHER_TOKEN", "SERVICES_SPACE",
        "TOKEN_CACHE_URL", "OUTBOX_URL", "OUTBOX_INTERNAL_URL", "FORMS_PROXY",
    )  # fmt: skip


@pytest.fixture(scope="session")
def publisher(settings: dict[str, str]) -> Publisher:
    return Publisher(
        settings["PUBLISHER_URL"].rstrip("/"), settings["PUBLISHER_TOKEN"], settings["SERVICES_SPACE"]
    )


@pytest.fixture(scope="session")
def outbox(settings: dict[str, str]) -> Outbox:
    return Outbox(settings["OUTBOX_URL"], settings["OUTBOX_INTERNAL_URL"])


@pytest.fixture
def slug(publisher: Publisher) -> Iterator[str]:
    """A name that nobody has; whatever was published under it is removed."""
    name = f"acceptance-{uuid.uuid4().hex[:12]}"
    yield name
    publisher.unpublish(name)


@pytest.fixture
def key_status(settings: dict[str, str]) -> Callable[[str], int]:
    """What the token cache answers when it is asked for a form's public key, past its cache."""

    def ask(slug: str) -> int:
        namespace = f"formbuilder-services-{settings['SERVICES_SPACE']}"
        route = f"/v3/applications/{slug}/namespaces/{namespace}?ignore_cache=true"
        return client.get(settings["TOKEN_CACHE_URL"].rstrip("/") + route).status_code

    return ask


@dataclass(frozen=True)
class Way:
    """How somebody outside the cluster gets to a form: its address, by a proxy where that is inside."""

    address: str
    proxy: str | None = None


@pytest.fixture
def way_to(settings: dict[str, str]) -> Callable[[str, str], Way]:
    """`way_to(slug, address)`: the way to a form that is shown at an address.

    A bare IP address is that of its Service, for which only the cluster's nodes have a route.
    """

    def way(slug: str, address: str) -> Way:
        try:
            ipaddress.ip_address(httpx.URL(address).host)
        except ValueError:
            return Way(address)
        inside = f"http://form-{slug}.formbuilder-services-{settings['SERVICES_SPACE']}"
        return Way(inside, settings["FORMS_PROXY"])

    return way


@pytest.fixture
def person() -> Iterator[Callable[[Way], HttpPerson]]:
    """Makes persons who look at a form."""
    known: list[HttpPerson] = []

    def somebody(way: Way) -> HttpPerson:
        known.append(HttpPerson(way.address, way.proxy))
        return known[-1]

    yield somebody
    for each in known:
        each.close()
