"""Every stage does with what `make role` prints, and asks for nothing beyond: the audit log tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toolkit.cluster.access.rules import allows, deeds

from tests.kubernetes import audit, granting, tiny
from tests.kubernetes.asking import Api, Object, Refused
from tests.kubernetes.cluster import Cluster, eventually
from tests.kubernetes.granting import DEPLOYER
from tests.kubernetes.tiny import Tiny
from tests.sandbox.pipeline import doing_all
from tests.sandbox.platform_double import Ended, commit

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("least")]


class Limited:
    """An app in namespaces whose accounts have what is printed for it, and what they asked for."""

    def __init__(self, app: Tiny, log: Path) -> None:
        self.app, self.log = app, log
        self.printed: list[Object] = []

    def grant(self) -> None:
        self.printed = granting.grant(self.app, self.spaces)
        for space in self.spaces:
            path = f"/api/v1/namespaces/ns-{space}/secrets"
            self.app.cluster.api.ask("POST", path, doing_all.secret(space))

    @property
    def spaces(self) -> list[str]:
        return [self.app.one, self.app.two, self.app.three]

    def rules(self, namespace: str) -> list[Any]:
        """What the account of a namespace may do in it."""
        roles = [obj for obj in self.printed if obj["kind"] == "Role"]
        return [rule for obj in roles if obj["metadata"]["namespace"] == namespace for rule in obj["rules"]]

    def asked(self) -> list[Object]:
        """What its accounts have asked for so far."""
        return audit.of_account(audit.lines(self.log), DEPLOYER, [f"ns-{space}" for space in self.spaces])

    def run(self, stage: str, space: str, *words: str, digit: str = "a") -> Ended:
        return self.app.run(stage, "--app", "tiny", "--env", space, *words, **commit(digit))

    def passes(self, stage: str, space: str, *words: str, digit: str = "a") -> str:
        ended = self.run(stage, space, *words, digit=digit)
        assert ended.code == 0, ended.output
        return ended.output


@pytest.fixture
def limited(cluster: Cluster, tmp_path: Path) -> Iterator[Limited]:
    if cluster.node is None:
        pytest.skip("only the audit log of the node of one's own can be read: make kubernetes-up")
    made = Tiny(tmp_path / "a repository", cluster, tiny.mark())
    doing_all.equip(made)
    found = Limited(made, cluster.node.places.audit)
    try:
        found.grant()
        yield found
    finally:
        made.remove()


def test_every_stage_does_with_the_least_role_and_asks_for_nothing_beyond_it(limited: Limited) -> None:
    one, three = limited.app.one, limited.app.three
    said = limited.passes("deploy", "test")
    assert " may not " not in said and "could not be asked" not in said, said
    for stage in ("healthcheck", "smoke", "acceptance"):
        limited.passes(stage, "test")
    limited.passes("watch", one, "--for", "1s")
    limited.passes("deploy", three)
    for stage in ("healthcheck", "smoke"):
        limited.passes(stage, three)
    limited.passes("watch", three, "--for", "1s")
    assert "verified" in limited.passes("status", one)
    limited.passes("prerequisites", one)

    doing_all.without_passing(limited.app)
    assert f"deleted ConfigMap/passing-{one}" in limited.passes("deploy", one, digit="b")
    assert "rolled back" in limited.passes("rollback", one)
    limited.app.manifest(env={"EXIT_CODE": "3"})
    failed = limited.run("deploy", one, digit="c")
    assert failed.code == 1 and "crash loop" in failed.output, failed.output

    asked = limited.asked()
    assert len(asked) > 200, "the log tells of next to nothing"
    assert audit.refused(asked) == []
    outside = {
        (audit.home(event), audit.deed(event))
        for event in asked
        if audit.home(event) and not allows(limited.rules(audit.home(event)), audit.deed(event))
    }
    assert outside == set(), "allowed by something else than what make role prints"
    tell_unused(limited, asked, f"ns-{one}")


def tell_unused(limited: Limited, asked: list[Object], namespace: str) -> None:
    """Print what of the Role no stage has used, so that somebody looks whether it is still the least."""
    used = [audit.deed(event) for event in asked if audit.home(event) == namespace]
    # an apply that makes an object needs leave to create it, too, and is on record as the patch that it is
    used += [each._replace(verb="create") for each in used if each.verb == "patch"]
    for granted in deeds(limited.rules(namespace)):
        rule = {
            "verbs": [granted.verb],
            "apiGroups": [granted.group],
            "resources": [granted.resource],
            "resourceNames": [granted.name] if granted.name else [],
        }
        if not any(allows([rule], each) for each in used):
            print("never used:", " ".join(filter(None, granted)))


def test_what_is_asked_for_beyond_it_is_in_the_log(limited: Limited, tmp_path: Path) -> None:
    """That the test above can fail."""
    home, access = limited.app.homes[limited.app.one], limited.app.cluster.api.access
    with pytest.raises(Refused, match="403"):
        api = Api(home.kubeconfig(access, tmp_path / "kubeconfig"))
        api.ask("GET", f"/api/v1/namespaces/{home.name}/secrets")
    eventually(lambda: audit.refused(limited.asked()) == [f"list secrets {home.name}"])
