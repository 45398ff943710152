"""`make prerequisites`: what must be there, and YAML to fill in, of the same templates as the sandbox's."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from toolkit.base.outcome import Failed
from toolkit.cluster.access import reach
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.handover import prerequisites, writing
from toolkit.cluster.handover.prerequisites import Prerequisites
from toolkit.settings.config import Config

from tests import ROOT

CONFIG = Config.load(ROOT / "apps.toml")
APPS = [name for name, app in CONFIG.apps.items() if not app.pending]


class Nothing:
    """A connection to a cluster in which there is nothing at all."""

    def check(self, namespace: str) -> None:
        raise ApiError(f"there is no namespace {namespace}", status=404, word="NotFound", body={})

    def find(self, _: str) -> None:
        return None


def of(app: str, space: str = "test-dev") -> Prerequisites:
    place = CONFIG.place(space)
    return prerequisites.look(CONFIG, CONFIG.app(app), place, space, lambda _: Nothing())  # type: ignore[arg-type, return-value]


def made(app: str, space: str = "test-dev") -> dict[str, dict[str, Any]]:
    found = yaml.safe_load_all(writing.to_fill_in([of(app, space)], "make prerequisites"))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("environment", ["test", "production"])
def test_all_that_suites_are_told_and_every_namespace_is_on_the_list(app: str, environment: str) -> None:
    place = CONFIG.place(environment)
    for space in CONFIG.app(app).spaces_in(place):
        items = {item.key: item for item in of(app, space).items}
        for told in reach.told(CONFIG.app(app), environment, space):
            key = ("", "Secret", told.namespace, told.secret)
            assert told.key in items[key].parts  # type: ignore[index]
        for where in reach.wheres(CONFIG, CONFIG.app(app), place._replace(spaces=(space,))):
            assert ("", "Namespace", "", where.namespace) in items


def test_it_names_keys_apps_and_what_is_read_at_run_time() -> None:
    lines = writing.listed(of("submitter"))
    assert "✘ Namespace/formbuilder-platform-test-dev: missing" in lines
    keys = "SUBMISSION_DECRYPTION_KEY, SUBMITTER_PRIVATE_KEY, SUBMITTER_PUBLIC_KEY"
    home = "in formbuilder-platform-test-dev: missing"
    assert f"✘ Secret/fb-submitter-secrets-test-dev ({keys}) {home}" in lines
    assert f"✘ ConfigMap/fb-submitter-config-map (ENCODED_PUBLIC_KEY) {home}" in lines
    at = lines.index(f"✘ Service/fb-pdf-generator-test-dev {home}")
    assert lines[at + 2].strip() == "fix: make deploy APP=pdf-generator ENV=test-dev"


def test_what_is_to_be_filled_in_is_said_in_words_and_holds_no_claim_that_is_not_used() -> None:
    found = made("submitter", "live-dev")
    assert found["Secret/fb-submitter-secrets-live-dev"]["stringData"] == {
        "SUBMISSION_DECRYPTION_KEY": "<32 random letters and digits>",
        "SUBMITTER_PRIVATE_KEY": "<an RSA key as PEM>",
        "SUBMITTER_PUBLIC_KEY": "<the public half of that RSA key as PEM>",
    }
    url = found["Secret/fb-submitter-database-live-dev"]["stringData"]["url"]
    assert url == "<postgresql://user:password@host:5432/submitter>"
    assert found["ConfigMap/fb-submitter-config-map"]["data"] == {
        "ENCODED_PUBLIC_KEY": "<base64 of: the public half of that RSA key as PEM>"
    }
    assert found["Secret/fb-submitter-mail-live-dev"]["stringData"]["SMTP_HOST"] == "<the mail server>"
    assert "<an RSA key as PEM>" in found["Secret/fb-pipeline-check-live-dev"]["stringData"].values()
    assert not [name for name in found if name.startswith(("PersistentVolumeClaim", "Service/"))]


def test_the_leave_to_read_what_is_elsewhere_is_made_there() -> None:
    found = made("service-token-cache")
    role = found["Role/fb-service-token-cache-test-dev"]
    assert role["metadata"]["namespace"] == "formbuilder-services-test-dev"
    assert role["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    assert "Namespace/formbuilder-services-test-dev" in found


def test_what_cannot_be_asked_is_not_called_missing() -> None:
    def nobody(_: object) -> Any:
        raise Failed("EKS_TOKEN_X is not set")

    place = CONFIG.place("test-dev")
    found = prerequisites.look(CONFIG, CONFIG.app("submitter"), place, "test-dev", nobody)
    assert {item.is_there for item in found.items} == {None}
    assert writing.listed(found)[0] == (
        "· Namespace/formbuilder-platform-test-dev: not known: EKS_TOKEN_X is not set"
    )
    assert prerequisites.to_create(found) == []
