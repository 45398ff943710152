"""An app whose suite looks into another namespace: a Role and a token for each, missed beforehand."""

from __future__ import annotations

from tests.sandbox.pipeline.doing_all import SUITES
from tests.sandbox.pipeline.test_least_role import Limited, audited, limited

__all__ = ["audited", "limited"]  # the fixtures

ELSEWHERE = """env.WORD = { secret = "word-{space}", key = "word", namespace = "more-{space}" }"""


def moved(limited: Limited) -> str:
    """The suite's secret, moved into a namespace of its own; its name."""
    one = limited.platform.one
    home = f"more-{one}"
    suites = SUITES.replace("""env.WORD = { secret = "word-{space}", key = "word" }""", ELSEWHERE)
    file = limited.platform.folder / "apps.toml"
    file.write_text(file.read_text().replace(SUITES, suites))
    limited.sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": home}})
    secret = {"metadata": {"name": f"word-{one}"}, "stringData": {"word": "a-word-for-tests"}}
    limited.sandbox.api("POST", f"/api/v1/namespaces/{home}/secrets", secret)
    for space in (limited.platform.two, limited.platform.three):
        limited.sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": f"more-{space}"}})
    return home


def test_each_namespace_has_a_token_of_its_own_and_both_are_used(limited: Limited) -> None:
    home = moved(limited)
    limited.grant()
    one = limited.platform.one
    variable = f"LIMITED_TOKEN_{home.upper().replace('-', '_')}"

    ended = limited.run("deploy", "--app", "tiny", "--env", one)
    assert ended.code == 2 and f"the environment variable {variable} is not set" in ended.output, ended.output

    account = f"/api/v1/namespaces/{home}/serviceaccounts/form-builder-deployer/token"
    limited.tokens[variable] = limited.sandbox.api("POST", account, {"spec": {}})["status"]["token"]
    role = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{home}/roles/fb-tiny-deployer"
    granted = limited.sandbox.api("GET", role)
    assert granted["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": [f"word-{one}"]}
    ]
    merge = "application/merge-patch+json"
    limited.sandbox.api("PATCH", role, {"rules": []}, merge)
    ended = limited.run("deploy", "--app", "tiny", "--env", one)
    may_not = f"the credential in {variable} may not get secrets word-{one} in {home}"
    assert ended.code == 1 and may_not in ended.output, ended.output
    assert "before anything was changed" in ended.output

    limited.sandbox.api("PATCH", role, {"rules": granted["rules"]}, merge)
    limited.passes("deploy", "--env", one)
    limited.passes("smoke", "--env", one)
    assert limited.beyond() == []
