"""Every stage works with what `make role` prints, and asks for nothing beyond it: the sandbox tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox import platform_double
from tests.sandbox.local import Sandbox
from tests.sandbox.pipeline import doing_all
from tests.sandbox.platform_double import Ended, Platform, commit

RBAC = "/apis/rbac.authorization.k8s.io/v1"
LIMITED = """
[clusters.limited]
builder = "sandbox"
server = { env = "LIMITED_SERVER" }
token = { env = "LIMITED_TOKEN_{NAMESPACE}" }
"""


class Limited:
    """A platform whose stages are run with the tokens of the ServiceAccounts that its Roles are for."""

    def __init__(self, platform: Platform, sandbox: Sandbox, audit: Path) -> None:
        self.platform = platform
        self.sandbox = sandbox
        self.audit = audit
        self.tokens: dict[str, str] = {}

    def grant(self, without: str = "") -> None:
        """Apply what `make role` prints, but for one resource, and have a token made for each namespace."""
        printed = self.platform.run("role", "--app", "tiny", "--cluster", "limited")
        assert printed.code == 0, printed.output
        for obj in yaml.safe_load_all(printed.output):
            rules = obj.get("rules", [])
            for rule in rules:
                rule["resources"] = [each for each in rule["resources"] if each != without]
            rules[:] = [rule for rule in rules if rule["resources"]]
            self.put(obj)
        for space in (self.platform.one, self.platform.two, self.platform.three):
            path = f"/api/v1/namespaces/ns-{space}/serviceaccounts/form-builder-deployer/token"
            made = self.sandbox.api("POST", path, {"spec": {}})["status"]["token"]
            self.tokens[f"LIMITED_TOKEN_NS_{space.upper().replace('-', '_')}"] = made

    def put(self, obj: dict[str, Any]) -> None:
        home = obj["metadata"]["namespace"]
        plural = f"{obj['kind'].lower()}s"
        group = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
        path = f"{group}/namespaces/{home}/{plural}/{obj['metadata']['name']}?fieldManager=admin&force=true"
        self.sandbox.api("PATCH", path, obj, "application/apply-patch+yaml")

    def run(self, script: str, *words: str, **env: str) -> Ended:
        given = {"LIMITED_SERVER": self.sandbox.details["plain"], **self.tokens, **env}
        return self.platform.run(script, *words, "--cluster", "limited", **given)

    def passes(self, script: str, *words: str, **env: str) -> str:
        ended = self.run(script, "--app", "tiny", *words, **env)
        assert ended.code == 0, ended.output
        return ended.output

    def beyond(self) -> list[str]:
        """What was asked for in vain, but for what no Role of a namespace could allow."""
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        assert len(lines) > 100, "nothing is written down"
        return sorted(
            {
                " ".join([line["verb"], *(str(value) for value in line["objectRef"].values())])
                for line in lines
                if line["annotations"]["authorization.k8s.io/decision"] == "forbid"
                and line["user"]["username"].endswith(":form-builder-deployer")
                and line["objectRef"].get("namespace")
            }
        )


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    """A sandbox that writes down who asked for what."""
    folder = tmp_path_factory.mktemp("audited")
    sandbox = Sandbox(folder / "state")
    sandbox.env["SANDBOX_AUDIT"] = str(folder / "audit.jsonl")
    sandbox.run("up")
    yield sandbox, folder / "audit.jsonl"
    sandbox.run("down")


@pytest.fixture
def limited(audited: tuple[Sandbox, Path], tmp_path: Path) -> Iterator[Limited]:
    sandbox, audit = audited
    audit.write_text("")
    with platform_double.made_in(sandbox, tmp_path) as made:
        doing_all.equip(made)
        with (made.folder / "apps.toml").open("a") as file:
            file.write(LIMITED)
        for space in (made.one, made.two, made.three):
            sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": f"ns-{space}"}})
            sandbox.api("POST", f"/api/v1/namespaces/ns-{space}/secrets", doing_all.secret(space))
        yield Limited(made, sandbox, audit)


def test_every_stage_does_with_the_least_role_and_asks_for_nothing_beyond_it(limited: Limited) -> None:
    limited.grant()
    one = limited.platform.one
    said = limited.passes("deploy", "--env", "test")
    assert " may not " not in said and "could not be asked" not in said, said
    for stage in ("healthcheck", "smoke", "acceptance"):
        limited.passes(stage, "--env", one)
    limited.passes("watch", "--env", one, "--for", "1s")
    assert "verified" in limited.passes("status", "--env", one)

    doing_all.without_passing(limited.platform)
    said = limited.passes("deploy", "--env", one, **commit("a"))
    assert f"deleted ConfigMap/passing-{one}" in said, said
    back = limited.passes("rollback", "--env", one)
    assert "rolled back" in back, back

    limited.platform.manifest(env={"EXIT_CODE": "3"})
    failed = limited.run("deploy", "--app", "tiny", "--env", one, **commit("b"))
    assert failed.code == 1 and "crash loop" in failed.output, failed.output
    assert limited.beyond() == []


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("events", "may not list, watch events"),
        ("services/proxy", "may not get services/proxy"),
        ("secrets", "may not get secrets word-"),
        ("roles", "may not create, patch roles.rbac.authorization.k8s.io"),
    ],
)
def test_what_is_taken_out_of_the_role_is_missed_before_anything_is_written(
    limited: Limited, resource: str, said: str
) -> None:
    limited.grant(without=resource)
    one = limited.platform.one
    ended = limited.run("deploy", "--app", "tiny", "--env", one)
    assert ended.code == 1 and said in ended.output, ended.output
    assert "before anything was changed" in ended.output
    there = limited.sandbox.api("GET", f"/apis/apps/v1/namespaces/ns-{one}/deployments")
    assert there["items"] == []


def seen(limited: Limited, **env: str) -> list[list[Any]]:
    """What the doctor sees of the cluster: [well, saw, fix]."""
    ended = limited.run("cluster_doctor", "--app", "tiny", **env)
    assert ended.code == 0, ended.output
    return list(json.loads(ended.output))


def test_the_doctor_finds_the_cluster_ready_with_what_the_role_grants(limited: Limited) -> None:
    limited.grant()
    rows = seen(limited)
    assert [row for row in rows if row[0] is not True] == []
    said = [saw for _, saw, _ in rows]
    assert "LIMITED_SERVER is set: address of the API server" in said
    for space in (limited.platform.one, limited.platform.two, limited.platform.three):
        name = f"LIMITED_TOKEN_NS_{space.upper().replace('-', '_')}"
        assert f"{name} is set: token for ns-{space}" in said
    assert said[-1] == "the credentials may do all that the stages do"


def test_the_doctor_says_a_refusal_of_one_kind_once(limited: Limited) -> None:
    limited.grant(without="leases")
    rows = [(saw, fix) for well, saw, fix in seen(limited) if well is False]
    spaces = (limited.platform.one, limited.platform.two, limited.platform.three)
    everywhere = ", ".join(f"ns-{each}" for each in spaces)
    lacking = f"may not get, create, update, delete leases.coordination.k8s.io in {everywhere}"
    fix = "make role APP=tiny CLUSTER=limited | kubectl apply -f -, by whoever looks after it"
    assert rows == [(lacking, fix)]

    rows = [
        (saw, fix)
        for well, saw, fix in seen(limited, **dict.fromkeys(limited.tokens, "not-a-token"))
        if well is False
    ]
    ((saw, fix),) = rows
    assert "was refused (401)" in saw and saw.endswith(f"(and so it is for ns-{spaces[1]}, ns-{spaces[2]})")
    assert fix.startswith("renew the credential in LIMITED_TOKEN_NS_")


def test_the_doctor_tells_an_address_at_which_nobody_answers(limited: Limited) -> None:
    limited.grant()
    (row,) = [row for row in seen(limited, LIMITED_SERVER="http://127.0.0.1:9") if row[0] is False]
    assert "http://127.0.0.1:9 does not accept connections" in row[1]


def test_what_an_app_needs_is_listed_with_what_is_missing_and_can_be_filled_in(limited: Limited) -> None:
    limited.grant()
    one = limited.platform.one
    listed = limited.passes("prerequisites", "--env", one)
    assert f"✔ Namespace/ns-{one}\n" in listed and f"✔ Secret/word-{one} (word) in ns-{one}\n" in listed
    limited.sandbox.api("DELETE", f"/api/v1/namespaces/ns-{one}/secrets/word-{one}")
    ended = limited.run("prerequisites", "--app", "tiny", "--env", one)
    assert ended.code == 1
    assert f"✘ Secret/word-{one} (word) in ns-{one}: missing\n        for suite smoke (tiny)" in ended.output
    printed = limited.passes("prerequisites", "--env", one, "--format", "yaml")
    (missing,) = yaml.safe_load_all(printed)
    assert missing["stringData"] == {"word": "<to be filled in>"}

    refused = limited.run("deploy", "--app", "tiny", "--env", one)
    assert refused.code == 1
    assert f"Secret/word-{one}: there is no such Secret in ns-{one}; suite smoke (tiny)" in refused.output
    assert f"make prerequisites APP=tiny ENV={one} FORMAT=yaml prints what to create" in refused.output
