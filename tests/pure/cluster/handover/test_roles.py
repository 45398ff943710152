"""`make role`: Roles that kubectl takes, no wider than they need be, bound to whom the tokens belong to."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from toolkit.cluster.access.rules import Deed, allows, deeds
from toolkit.cluster.handover import writing
from toolkit.cluster.handover.roles import Granted
from toolkit.settings.config import Config
from toolkit.settings.model import Ref

from tests import ROOT

CONFIG = Config.load(ROOT / "apps.toml")
NAMESPACED = "EKS_TOKEN_{NAMESPACE}"
APPS = [name for name, app in CONFIG.apps.items() if not app.pending]


def granted(app: str, *places: str, token: str = NAMESPACED) -> Granted:
    cluster = CONFIG.cluster("cloud-platform")._replace(token=Ref(token))
    return Granted(CONFIG, cluster, CONFIG.app(app), [CONFIG.place(each) for each in places])


def of_kind(found: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["namespace"]: each for each in found if each["kind"] == kind}


@pytest.mark.parametrize("app", APPS)
def test_a_role_holds_no_wildcard_and_reads_no_secret_but_those_it_names(app: str) -> None:
    for role in of_kind(granted(app, "test", "production").objects(), "Role").values():
        for deed in deeds(role["rules"]):
            assert "*" not in deed, deed
            if deed.resource == "secrets" and deed.verb in ("get", "list", "watch"):
                assert deed.name, role["metadata"]["namespace"]


@pytest.mark.parametrize("app", APPS)
def test_it_is_yaml_in_which_everything_that_is_bound_is_made(app: str) -> None:
    text = writing.roles(granted(app, "test"), "make role")
    found = list(yaml.safe_load_all(text))
    accounts = {
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for each in found
        if each["kind"] == "ServiceAccount"
    }
    bound = {
        (subject["namespace"], subject["name"])
        for each in found
        if each["kind"] == "RoleBinding"
        for subject in each["subjects"]
    }
    assert accounts == bound
    assert set(of_kind(found, "Role")) == set(of_kind(found, "RoleBinding"))
    keys = [(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) for each in found]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("token", "account"),
    [
        ("T_{NAMESPACE}", ("formbuilder-platform-test-dev", "form-builder-deployer")),
        ("T_{SPACE}", ("formbuilder-services-test-dev", "form-builder-deployer")),
        ("T_{APP}_{SPACE}", ("formbuilder-platform-test-dev", "fb-outbox-deployer")),
    ],
)
def test_a_role_elsewhere_is_bound_to_whom_the_token_for_it_belongs_to(
    token: str, account: tuple[str, str]
) -> None:
    found = of_kind(granted("runner", "test-dev", token=token).objects(), "RoleBinding")
    subjects = found["formbuilder-platform-test-dev"]["subjects"]
    assert account in {(each["namespace"], each["name"]) for each in subjects}


def test_the_tokens_are_told_with_the_variables_that_they_go_into() -> None:
    text = writing.roles(granted("publisher", "production"), "make role APP=publisher")
    assert "#   make role APP=publisher | kubectl apply -f -\n" in text
    made = "$(kubectl -n formbuilder-publisher-live create token form-builder-deployer --duration=8760h)"
    assert f"#   EKS_TOKEN_FORMBUILDER_PUBLISHER_LIVE={made}\n" in text


def test_what_the_apps_own_role_grants_is_covered() -> None:
    rules = of_kind(granted("service-token-cache", "test-dev").objects(), "Role")
    for verb, resource in itertools.product(("create", "patch"), ("roles", "rolebindings")):
        deed = Deed(verb, "rbac.authorization.k8s.io", resource)
        assert allows(rules["formbuilder-platform-test-dev"]["rules"], deed)
    assert allows(rules["formbuilder-platform-test-dev"]["rules"], Deed("get", "", "configmaps"))
