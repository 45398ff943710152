"""What the ring reads in an API server's audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.cluster.access.rules import Deed

from tests.kubernetes import audit

USER = "system:serviceaccount:ns-one:deployer"


def line(verb: str, code: int = 200, user: str = USER, stage: str = "ResponseComplete", **about: Any) -> str:
    event = {
        "verb": verb,
        "user": {"username": user},
        "stage": stage,
        "requestURI": "/version?timeout=32s",
        "responseStatus": {"code": code},
        "annotations": {"authorization.k8s.io/decision": "allow" if code < 400 else "forbid"},
        **({"objectRef": about} if about else {}),
    }
    return json.dumps(event) + "\n"


LOG = [
    line("get", resource="pods", subresource="log", name="a", namespace="ns-one"),
    line("patch", apiGroup="apps", resource="deployments", name="b", namespace="ns-one"),
    line("list", 403, resource="secrets", namespace="ns-one"),
    line("list", 403, resource="secrets", namespace="ns-one"),
    line("watch", stage="ResponseStarted", resource="pods", namespace="ns-one"),
    line("list", 403, user=f"{USER}-of-another", resource="secrets", namespace="ns-one"),
    line("list", 403, user="system:serviceaccount:ns-two:deployer", resource="secrets", namespace="ns-two"),
    line("get"),
    line("delete", resource="pods", namespace="ns-one")[:40],
]


def test_what_an_account_asked_for_is_found_among_what_others_did() -> None:
    found = audit.of_account(LOG, "deployer", ["ns-one"])
    assert [audit.deed(event) for event in found] == [
        Deed("get", "", "pods/log", "a"),
        Deed("patch", "apps", "deployments", "b"),
        Deed("list", "", "secrets"),
        Deed("list", "", "secrets"),
        Deed("get", path="/version"),
    ]
    assert [audit.home(event) for event in found] == ["ns-one"] * 4 + [""]


def test_a_refusal_is_named_once() -> None:
    assert audit.refused(audit.of_account(LOG, "deployer", ["ns-one"])) == ["list secrets ns-one"]
    both = audit.of_account(LOG, "deployer", ["ns-one", "ns-two"])
    assert audit.refused(both) == ["list secrets ns-one", "list secrets ns-two"]


def let_in(verb: str, **about: str) -> dict[str, Any]:
    """A request that authorization let through, and that was answered with 403 all the same."""
    event = dict(json.loads(line(verb, 403, namespace="ns-one", **about)))
    return {**event, "annotations": {"authorization.k8s.io/decision": "allow"}}


def test_what_admission_or_an_app_behind_a_proxy_refuses_is_no_matter_of_a_role() -> None:
    proxied = let_in("create", resource="services", subresource="proxy", name="app:80")
    assert audit.refused([proxied, let_in("create", resource="pods")]) == []


def test_granting_more_than_one_has_is_a_matter_of_a_role() -> None:
    grant = let_in("patch", apiGroup="rbac.authorization.k8s.io", resource="roles", name="reader")
    assert audit.refused([grant]) == ["patch rbac.authorization.k8s.io roles reader ns-one"]


def test_a_log_that_has_grown_too_large_is_read_on_from_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "audit-2026-01-01T10-00-00.000.jsonl").write_text("first\n")
    (tmp_path / "audit.jsonl").write_text("second\n")
    assert list(audit.lines(tmp_path / "audit.jsonl")) == ["first\n", "second\n"]
