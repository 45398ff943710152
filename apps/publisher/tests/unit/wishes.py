"""What is wished for, and what has become of it."""

from __future__ import annotations

import json

from publisher.store import Form, Store
from publisher.worker import Worker

from .conftest import document

OBJECTS = {"secrets/fb-{}-secrets", "configmaps/fb-{}-config-map", "deployments/form-{}", "services/form-{}"}


def wish(store: Store, slug: str = "cats", heading: str = "Your cat", space: str = "test-dev") -> None:
    assert store.publish(space, slug, f"id-{slug}", slug, json.dumps(document(slug, heading)))


def of(slug: str) -> set[str]:
    return {name.format(slug) for name in OBJECTS}


def the(store: Store, slug: str = "cats") -> Form:
    found = store.form("test-dev", slug)
    assert found
    return found


def ticks(worker: Worker, count: int = 4) -> None:
    for _ in range(count):
        worker.tick()
