"""SQLite in an emptyDir, told to two workloads by one Secret: each would have a database of its own."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from toolkit.cluster.preflight.databases import problems
from toolkit.objects.resources import Key

Json = dict[str, Any]
SECRET = Key("", "Secret", "ns", "database")


def workload(name: str, volume: Json, kind: str = "Deployment", **spec: Any) -> Json:
    reference = {"secretKeyRef": {"name": "database", "key": "url"}}
    container = {
        "name": "app",
        "env": [{"name": "DATABASE_URL", "valueFrom": reference}],
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/app"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "data", **volume}]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {**spec, "template": {"metadata": {}, "spec": pod}},
    }


def there(url: str) -> dict[Key, Json | None]:
    return {SECRET: {"kind": "Secret", "data": {"url": base64.b64encode(url.encode()).decode()}}}


SQLITE = there("sqlite:////var/lib/app/x.db")
EMPTY: Json = {"emptyDir": {}}
CLAIM: Json = {"persistentVolumeClaim": {"claimName": "data"}}


def test_two_workloads_with_a_file_each_are_a_problem() -> None:
    (problem,) = problems([workload("api", EMPTY), workload("workers", EMPTY)], SQLITE, "ns")
    assert problem.is_certain
    assert problem.line == (
        'Secret/database: its key "url" names a SQLite file, which would be in an emptyDir: '
        "Deployment/api and Deployment/workers would each have a database of their own"
    )


@pytest.mark.parametrize(
    ("found", "known"),
    [
        ([workload("api", EMPTY)], SQLITE),
        ([workload("api", CLAIM), workload("workers", CLAIM)], SQLITE),
        ([workload("api", EMPTY), workload("workers", EMPTY)], there("postgresql://u@h/x")),
        ([workload("api", EMPTY), workload("workers", EMPTY)], there("sqlite:////srv/x.db")),
        ([workload("api", EMPTY), workload("workers", EMPTY, replicas=0)], SQLITE),
        ([workload("api", EMPTY), workload("workers", EMPTY)], {SECRET: None}),
        ([workload("api", EMPTY), workload("workers", EMPTY)], {}),
    ],
)
def test_what_is_no_problem(found: list[Json], known: dict[Key, Json | None]) -> None:
    assert problems(found, known, "ns") == []
