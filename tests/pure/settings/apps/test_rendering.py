"""What an app is made of, as apps.toml says it: one thing, whose placeholders all stand for something."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import Ref, Rendering

FILE = """
default_cluster = "c"
[environments.test]
spaces = ["dev"]
[clusters.c]
kubeconfig = "none"
{secrets}
[apps.x]
path = "."
namespace = "n"
service = "s"
images = {{ api = "Dockerfile" }}
{keys}
"""
SECRETS = """[secrets.deploy]
repository = "git@example.com:deploy"
ref = "main"
unlock = "git-crypt"
key = { env = "KEY" }
"""


def load(folder: Path, keys: str, secrets: str = SECRETS) -> Config:
    file = folder / "apps.toml"
    file.write_text(FILE.format(keys=keys, secrets=secrets))
    return Config.load(file)


def read(folder: Path, keys: str, secrets: str = SECRETS) -> Rendering | None:
    return load(folder, keys, secrets).apps["x"].rendering


def test_templates_are_what_an_app_is_made_of_unless_it_says_else(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None
    assert read(tmp_path, 'manifests = "other"') is None


def test_a_chart_with_all_its_keys(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        'chart = "c/{space}"\nvalues = ["values.yaml", "{secrets}/{space}.yaml"]\nsecrets = "deploy"\n'
        'set = { a = { b = "{image.api.repository}" }, n = 3, yes = true, tpl = "{{ .Release.Name }}" }',
    )
    found = config.apps["x"].rendering
    assert found is not None and found.secrets is not None
    assert (found.kind, found.place, found.folders) == ("chart", "c/{space}", ("c/",))
    assert found.set["a"] == {"b": "{image.api.repository}"} and found.set["yes"] is True
    assert (found.secrets.unlock, found.secrets.key) == ("git-crypt", Ref("KEY"))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('chart = "c"\nmanifests = "m"', "apps.x: says `manifests` and `chart`: an app is made of one of"),
        ('kustomize = "k"\nchart = "c"', "apps.x: says `chart` and `kustomize`"),
        ('values = ["a"]', "apps.x.values: is of a `chart`, which is missing"),
        ('kustomize = "k"\nset = { a = "b" }', "apps.x.set: is of a `chart`, which is missing"),
        (
            'chart = "c"\nset = { a = "{image.apo}" }',
            'set.a: "{image.apo}" stands for nothing, did you mean "image.api"',
        ),
        (
            'chart = "c"\nset = { a = ["{comit}"] }',
            'set.a.0: "{comit}" stands for nothing, did you mean "commit"',
        ),
        ('chart = "c"\nset = { a = 2027-01-31 }', "set.a: is a date"),
        (
            'chart = "c"\nvalues = ["{secrets}/a.yaml"]',
            "values[0]: {secrets} is what `secrets` names, which is missing",
        ),
        (
            'chart = "c"\nsecrets = "deploy"\nvalues = ["a/{secrets}/b"]',
            "values[0]: {secrets} must be its beginning",
        ),
        ('chart = "c"\nsecrets = "deplo"', 'apps.x.secrets: "deplo" is not defined, did you mean "deploy"'),
        ('chart = "c/{spaces}"', 'chart: "{spaces}" stands for nothing, did you mean "space"'),
        ("chart = 3", "apps.x.chart: must be text"),
    ],
)
def test_what_means_nothing_is_one_sentence(tmp_path: Path, keys: str, words: str) -> None:
    with pytest.raises(Misused) as caught:
        read(tmp_path, keys)
    assert words in caught.value.reason


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", "secrets.deploy: needs a `repository`, a `command` or a `path`"),
        ('repository = "r"', "ref: is missing"),
        ('repository = "r"\nref = "m"\ncommand = ["x", "{folder}"]', "command: is one place for values"),
        ('command = ["x"]', "command: must write to {folder}"),
        ('path = "../x"', 'path: "../x" leaves the folder'),
        ('path = "x"\nunlock = "gpg"', 'unlock: "gpg" is not one of git-crypt, sops'),
        ('path = "x"\nunlock = "git-crypt"', "unlock: git-crypt unlocks a `repository`"),
        ('path = "x"\nkey = { env = "K" }', "key: is of an `unlock`, which is missing"),
        ('path = "x"\nunlok = "sops"', "unlok: unknown, did you mean"),
    ],
)
def test_secrets_that_are_nowhere_are_one_sentence(tmp_path: Path, keys: str, words: str) -> None:
    with pytest.raises(Misused) as caught:
        read(tmp_path, 'chart = "c"', f"[secrets.deploy]\n{keys}")
    assert words in caught.value.reason
