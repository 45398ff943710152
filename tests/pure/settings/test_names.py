"""Names become files, targets, labels and images: one that cannot is refused with the rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings import names
from toolkit.settings.config import Config

from tests import ROOT

APPS = """
default_cluster = "here"
[environments.test]
spaces = ["{space}"]
[clusters.here]
kubeconfig = "kubeconfig"
[apps."{app}"]
path = "app"
namespace = "{namespace}"
service = "svc"
images = {{ "{role}" = "Dockerfile" }}
[apps.other]
path = "other"
namespace = "other"
service = "svc"
"""
GOOD = {"app": "forms", "space": "test-dev", "role": "api", "namespace": "ns-{space}"}


def load(folder: Path, **given: str) -> Config:
    file = folder / "apps.toml"
    file.write_text(APPS.format(**{**GOOD, **given}), encoding="utf-8")
    return Config.load(file)


@pytest.mark.parametrize("name", ["forms", "a", "forms-2", "2-forms", "f" * 50, "linter", "tests", "lint-it"])
def test_a_name_that_can_be_used_everywhere(tmp_path: Path, name: str) -> None:
    assert list(load(tmp_path, app=name).apps) == [name, "other"]


@pytest.mark.parametrize(
    "name", ["lint", "test", "pipeline", "all", "help", "sandbox-up", "lint-other", "deploy-other"]
)
def test_an_app_that_is_named_like_a_target_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misused) as caught:
        load(tmp_path, app=name)
    assert caught.value.reason.startswith(f'apps.toml: apps.{name}: an app cannot be called "{name}": that ')
    assert caught.value.remedy == f"call it {name}-app, or by what it does"


@pytest.mark.parametrize(
    "name", ["a.b", "Forms", "f" * 70, "", "-a", "a-", "a b", "a/b", "../a", "é", "a_b", "a,b", "f\\n"]
)
def test_a_name_that_cannot_be_used_everywhere_is_refused_with_the_rule(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misused) as caught:
        load(tmp_path, app=name)
    assert "cannot be the name of an app" in caught.value.reason
    assert (
        "lower-case letters, digits and hyphens" in caught.value.remedy
        and "at most 50" in caught.value.remedy
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"space": "Test Dev"}, 'environments.test.spaces: "Test Dev" cannot be the name of a space'),
        ({"role": "Web.UI"}, 'apps.forms.images: "Web.UI" cannot be the name of a role'),
        (
            {"namespace": "Forms_{space}"},
            'apps.forms.namespace: "Forms_test-dev" cannot be the name of a namespace',
        ),
        ({"namespace": "n" * 60 + "-{space}"}, "cannot be the name of a namespace"),
    ],
)
def test_other_names_have_the_same_rule(tmp_path: Path, given: dict[str, str], words: str) -> None:
    with pytest.raises(Misused) as caught:
        load(tmp_path, **given)
    assert words in caught.value.reason


def test_every_target_of_make_is_reserved() -> None:
    text = (ROOT / "Makefile").read_text()
    there = set(re.findall(r"^([a-z][a-z-]*):.*##", text, re.MULTILINE))
    there |= set(" ".join(re.findall(r"(?:LOCAL|PLACED) := (.*)", text)).split())
    assert there == {*names.STAGES, *names.TARGETS}
