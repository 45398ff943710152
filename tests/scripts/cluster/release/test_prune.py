"""Which kinds are looked through for what left the templates, by what the credential may list."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import prune

from tests.scripts.api_double import Double, Request
from tests.scripts.authorizers import Authorizers
from tests.scripts.cluster.bare_server import connection, double

__all__ = ["connection", "double"]  # the fixtures

Json = dict[str, Any]
LISTS = {"verbs": ["list"], "apiGroups": [""], "resources": ["configmaps"]}
APPLIED = [{"manager": "form-builder-pipeline", "operation": "Apply"}]
LEFT = {"metadata": {"name": "left", "namespace": "ns", "uid": "1", "managedFields": APPLIED}}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "its-own", "namespace": "ns"},
}
PLACES = {"configmaps": "/api/v1/namespaces/ns/configmaps", "services": "/api/v1/namespaces/ns/services"}


class Served:
    """Lists two kinds and forbids all others."""

    def __init__(self, double: Double, *, whole: bool) -> None:
        self.authorizers = Authorizers([LISTS], whole=whole)
        self.listed: list[str] = []
        double.answer = lambda request: self.authorizers.answer(request, self.answer)

    def answer(self, request: Request) -> None:
        if request.path == "/version":
            request.json({})
        elif request.path.endswith("/fb-tiny-release"):
            request.status(404, "not found")
        elif request.method == "GET" and request.path in PLACES.values():
            self.listed.append(request.path)
            request.json({"items": [LEFT]})
        else:
            self.listed.append(request.path)
            request.status(403, "forbidden")


def left(connection: Connection) -> tuple[list[str], list[str]]:
    """The kinds of what is left over, and what was said."""
    said: list[str] = []
    found = prune.leftovers(connection, "ns", "tiny", [ROLE], said.append)
    return sorted(obj["kind"] for obj in found), said


def test_rules_that_are_whole_say_where_not_to_look(double: Double, connection: Connection) -> None:
    cluster = Served(double, whole=True)
    kinds, said = left(connection)
    assert kinds == ["ConfigMap"]
    assert cluster.listed == [PLACES["configmaps"]]
    assert said == ["Role may not be listed: what of these is not in the templates any more stays"]


def test_rules_that_are_incomplete_forbid_nothing_and_what_is_refused_is_said(
    double: Double, connection: Connection
) -> None:
    cluster = Served(double, whole=False)
    kinds, said = left(connection)
    assert kinds == ["ConfigMap", "Service"], "what the rules do not tell of may be allowed"
    assert len(cluster.listed) > 10
    assert said == ["Role may not be listed: what of these is not in the templates any more stays"]
