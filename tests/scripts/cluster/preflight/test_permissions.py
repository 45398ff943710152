"""Permissions where the review of rules is incomplete: what it does not tell is asked for, verb by verb."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from toolkit.cluster.access.rights import Right
from toolkit.cluster.api.allowed import own_rules
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.preflight import permissions

from tests.scripts.api_double import Double, Request
from tests.scripts.authorizers import REVIEWS, Authorizers
from tests.scripts.cluster.bare_server import connection, double

__all__ = ["connection", "double"]  # the fixtures

PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}
WANTED = [
    Right("", "pods", ("get", "list", "watch")),
    Right("", "pods/log", ("get",)),
    Right("apps", "deployments", ("patch",)),
]


def nothing_else(request: Request) -> None:
    request.json({}) if request.path == "/version" else request.status(404, "not found")


def serve(double: Double, authorizers: Authorizers) -> None:
    double.answer = lambda request: authorizers.answer(request, nothing_else)


def lacking(connection: Connection) -> tuple[list[Right], list[str]]:
    """What is lacking, and what was said."""
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        return permissions.lacking(connection, "ns", WANTED, pool, said.append), said


def test_what_only_another_authorizer_allows_is_not_lacking(double: Double, connection: Connection) -> None:
    authorizers = Authorizers(
        [PODS], [("watch", "", "pods"), ("get", "", "pods/log"), ("patch", "apps", "deployments")]
    )
    serve(double, authorizers)
    assert lacking(connection) == ([], [])
    assert sorted(authorizers.asked) == [
        ("get", "", "pods/log"),
        ("patch", "apps", "deployments"),
        ("watch", "", "pods"),
    ], "what the rules tell is not asked for again"


def test_what_no_authorizer_allows_is_lacking_by_its_verb(double: Double, connection: Connection) -> None:
    serve(double, Authorizers([PODS], [("get", "", "pods/log")]))
    assert lacking(connection) == (
        [Right("", "pods", ("watch",)), Right("apps", "deployments", ("patch",))],
        [],
    )


def test_rules_that_tell_nothing_at_all_leave_every_verb_to_be_asked(
    double: Double, connection: Connection
) -> None:
    authorizers = Authorizers([], [deed[:3] for right in WANTED for deed in right.deeds])
    serve(double, authorizers)
    assert lacking(connection) == ([], [])
    assert len(authorizers.asked) == 5


@pytest.mark.parametrize("status", [403, 404, 405])
def test_where_no_question_is_allowed_one_line_says_so_and_nothing_is_lacking(
    double: Double, connection: Connection, status: int
) -> None:
    def answer(request: Request) -> None:
        request.status(status, "no") if request.path.startswith(REVIEWS) else nothing_else(request)

    double.answer = answer
    missing, said = lacking(connection)
    assert missing == []
    (line,) = said
    assert f"could not be asked ({status})" in line


@pytest.mark.parametrize("whole", [True, False])
def test_only_rules_that_are_whole_forbid_what_they_do_not_allow(
    double: Double, connection: Connection, whole: bool
) -> None:
    serve(double, Authorizers([PODS], whole=whole))
    rules = own_rules(connection, "ns")
    assert (rules.rules, rules.is_whole) == ((PODS,), whole)
