"""What an app's credentials must be allowed, and that nothing more is asked for than is needed."""

from __future__ import annotations

from toolkit.cluster.access import rights
from toolkit.cluster.access.rights import Right, together
from toolkit.objects.resources import built_in
from toolkit.settings.config import Config

from tests import ROOT


def config() -> Config:
    return Config.load(ROOT / "apps.toml")


def test_a_verb_is_granted_for_one_object_only_where_it_is_not_for_all() -> None:
    named = Right("", "secrets", ("get",), "one")
    assert together([named]) == [named]
    assert together([named, Right("", "secrets", ("get", "list"))]) == [Right("", "secrets", ("get", "list"))]
    spared = Right("", "secrets", ("get",), spared="less is known", is_foresight=True)
    assert set(together([named, spared])) == {named, spared}, "what is needed is asked for as what is needed"


def test_what_is_needed_once_is_needed() -> None:
    spared = Right("", "pods", ("get",), spared="less is known", is_foresight=True)
    assert together([spared, Right("", "pods", ("get",))]) == [Right("", "pods", ("get",))]


def test_data_is_applied_and_not_watched() -> None:
    found = together(rights.of_manifests([built_in("ConfigMap"), built_in("Deployment")]))
    watched = {each.resource for each in found if "watch" in each.verbs}
    assert watched == {"deployments"}


def test_a_role_among_the_manifests_must_be_covered_and_one_elsewhere_may_be_bound() -> None:
    group = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": "own"},
        "rules": [{"apiGroups": [""], "resources": ["endpoints"], "verbs": ["get"]}],
    }
    bindings = [
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": kind, "name": name},
        }
        for kind, name in (("Role", "own"), ("Role", "theirs"), ("ClusterRole", "view"))
    ]
    assert list(rights.of_roles([role, *bindings])) == [
        Right("", "endpoints", ("get",), grants="own"),
        Right(group, "roles", ("bind",), "theirs"),
        Right(group, "clusterroles", ("bind",), "view"),
    ]


def test_suites_read_their_secrets_by_name_and_send_to_their_apps_alone() -> None:
    known = config()
    found = rights.of_suites(known, known.app("runner"), "test", "test-dev")
    assert set(found) == {"formbuilder-services-test-dev", "formbuilder-platform-test-dev"}
    sends = {
        each.name for rows in found.values() for each in rows if "create" in each.verbs and each.resource
    }
    assert sends == {"fb-runner-test-dev:80", "fb-outbox-test-dev:80", "fb-user-filestore-api-test-dev:80"}
    found = rights.of_suites(known, known.app("publisher"), "test", "test")
    ways = {each for each in found["formbuilder-services-test-dev"] if each.resource == "services/proxy"}
    assert {(each.name, "create" in each.verbs) for each in ways} == {("", False), ("", True)}, (
        "the forms that it publishes have names that nobody knows before"
    )
    found = rights.of_suites(known, known.app("submitter"), "production", "live-dev")
    (rows,) = found.values()
    secrets = {each.name for each in rows if each.resource == "secrets"}
    assert secrets == {"fb-pipeline-check-live-dev", "fb-submitter-secrets-live-dev"}
    assert "fb-outbox-live-dev:80" not in {each.name for each in rows}, "its acceptance suite is for test"
