"""pipeline.toml and what it extends: what both come to, where each key is from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.settings.config import Config
from toolkit.settings.model import Row

COMMON = """
default_cluster = "sandbox"
[alert]
channel = "#all"
webhook = { env = "HOOK" }
[environments.test]
spaces = ["dev"]
soak = "5s"
[environments.production]
spaces = ["live"]
branches = ["{main_branch}"]
[clusters.sandbox]
builder = "sandbox"
provision = true
kubeconfig = ".sandbox/kubeconfig"
[clusters.lab]
kubeconfig = "lab/config"
[languages.python]
lint = [["ruff", "check", "{path}", "{root}/shared"]]
unit = [["pytest"]]
[apps.cache]
path = "apps/cache"
language = "python"
namespace = "cache-{space}"
service = "cache"
"""
OWN = """
extends = "../platform/common.toml"
[environments.test]
soak = "1m"
[environments.staging]
spaces = ["stage"]
[languages.python]
unit = [["own", "{root}"]]
[apps.web]
path = "."
language = "python"
namespace = "web-{space}"
service = "web"
needs = ["cache"]
"""


def lay(folder: Path, files: dict[str, str]) -> Path:
    """Write files; the folder's web/pipeline.toml."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "web/pipeline.toml"


def load(folder: Path, own: str = OWN, common: str = COMMON, **more: str) -> Config:
    files = {"web/pipeline.toml": own, "platform/common.toml": common}
    return Config.load(lay(folder, files | {f"platform/{name}.toml": text for name, text in more.items()}))


def test_what_is_shared_is_taken_from_the_common_file_and_the_nearer_wins_key_by_key(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.file == tmp_path / "web/pipeline.toml"
    assert config.root == tmp_path / "web"
    assert config.default_cluster == "sandbox"
    assert config.alert.channel == "#all"
    assert config.alert.webhook.env == "HOOK"
    assert config.environments["test"].usual.soak == 60
    assert config.environments["test"].spaces == ("dev",)
    assert list(config.environments) == ["test", "production", "staging"]


def test_its_own_apps_come_first_and_those_of_the_common_file_are_for_whoever_needs_them(
    tmp_path: Path,
) -> None:
    config = load(tmp_path)
    assert [(app.name, app.priority, app.common) for app in config.apps.values()] == [
        ("web", 1, False),
        ("cache", 2, True),
    ]
    assert [need.name for need in config.needs_of(config.apps["web"])] == ["cache"]


def test_paths_are_from_the_folder_of_the_file_that_names_them(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.apps["web"].path == tmp_path / "web"
    assert config.apps["cache"].path == tmp_path / "platform/apps/cache"
    assert config.clusters["lab"].kubeconfig == tmp_path / "platform/lab/config"
    assert config.apps["web"].commands == {
        "lint": (Row(("ruff", "check", "{path}", f"{tmp_path}/platform/shared")),),
        "unit": (Row(("own", "{root}")),),
    }


def test_the_sandbox_is_state_and_lies_beside_the_file_that_was_named(tmp_path: Path) -> None:
    assert load(tmp_path).clusters["sandbox"].kubeconfig == tmp_path / "web/.sandbox/kubeconfig"


def test_there_may_be_several_levels_each_with_paths_of_its_own(tmp_path: Path) -> None:
    middle = 'extends = "deep/base.toml"\n[clusters.lab]\ncontext = "middle"\n[alert]\nchannel = "#middle"\n'
    own = OWN.replace("common.toml", "middle.toml")
    files = {"web/pipeline.toml": own, "platform/middle.toml": middle, "platform/deep/base.toml": COMMON}
    config = Config.load(lay(tmp_path, files))
    assert config.alert.channel == "#middle"
    assert config.clusters["lab"].context == "middle"
    assert config.clusters["lab"].kubeconfig == tmp_path / "platform/deep/lab/config"
    assert config.apps["cache"].path == tmp_path / "platform/deep/apps/cache"
    assert config.apps["cache"].common


@pytest.mark.parametrize(
    ("own", "common", "sentence"),
    [
        (("soak =", "soack ="), (), 'pipeline.toml: environments.test.soack: unknown, did you mean "soak"?'),
        (
            (),
            ("soak =", "soack ="),
            '../platform/common.toml: environments.test.soack: unknown, did you mean "soak"?',
        ),
        ((), ('"lab/config"', "3"), "../platform/common.toml: clusters.lab.kubeconfig: must name an"),
        ((), ('path = "apps/cache"', ""), "../platform/common.toml: apps.cache.path: is missing"),
        (('path = "."', ""), (), "pipeline.toml: apps.web.path: is missing"),
        (('"cache"', '"cash"'), (), 'pipeline.toml: apps.web.needs: "cash" is not defined'),
        ((), ('service = "cache"', 'service = "C"'), "../platform/common.toml: apps.cache.service: "),
        ((), ('"#all"', '"#all'), "../platform/common.toml: is not valid TOML: "),
        ((), ("default_cluster", "#"), "pipeline.toml: default_cluster: is missing"),
        ((), ('= "sandbox"\n[', '= "x"\n['), '../platform/common.toml: default_cluster: "x" is not defined'),
        (('["stage"]', '["dev"]'), (), 'pipeline.toml: environments.staging.spaces: "dev" is also in'),
    ],
)
def test_what_is_wrong_is_said_of_the_file_that_it_stands_in(
    tmp_path: Path, own: tuple[str, str] | tuple[()], common: tuple[str, str] | tuple[()], sentence: str
) -> None:
    texts = []
    for text, change in ((OWN, own), (COMMON, common)):
        assert not change or change[0] in text
        texts.append(text.replace(*change, 1) if change else text)
    with pytest.raises(Misused) as error:
        load(tmp_path, *texts)
    assert error.value.reason.startswith(sentence)


@pytest.mark.parametrize(
    ("extends", "sentence"),
    [
        (
            '"../platform/comon.toml"',
            "pipeline.toml: extends: ../platform/comon.toml: no such file",
        ),
        ('"../platform"', "pipeline.toml: extends: ../platform: cannot be read: Is a directory"),
        ('""', "pipeline.toml: extends: must be the path of a file"),
        ("3", "pipeline.toml: extends: must be the path of a file"),
        ('"a\\u0000b"', "pipeline.toml: extends: must be the path of a file"),
        ('"pipeline.toml"', "pipeline.toml: extends: goes in a circle: pipeline.toml -> pipeline.toml"),
    ],
)
def test_a_file_that_extends_nothing_is_refused(tmp_path: Path, extends: str, sentence: str) -> None:
    with pytest.raises(Misused) as error:
        load(tmp_path, OWN.replace('"../platform/common.toml"', extends, 1))
    assert error.value.reason.startswith(sentence)
    assert error.value.remedy
    assert error.value.kind.exit_code == 2


def test_a_circle_is_told_with_its_chain(tmp_path: Path) -> None:
    with pytest.raises(Misused) as error:
        load(
            tmp_path,
            common='extends = "a.toml"',
            a='extends = "./b.toml"',
            b='extends = "../platform/a.toml"',
        )
    assert error.value.reason == (
        "../platform/b.toml: extends: goes in a circle: "
        "../platform/a.toml -> ../platform/b.toml -> ../platform/a.toml"
    )


def test_an_app_in_both_places_is_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(Misused) as error:
        load(tmp_path, OWN.replace("[apps.web]", "[apps.cache]").replace('needs = ["cache"]', ""))
    assert error.value.reason == (
        "pipeline.toml: apps.cache: ../platform/common.toml has a table of this app too"
    )


@pytest.mark.parametrize("own", ['extends = "../platform/common.toml"\n', COMMON.partition("[apps.")[0]])
def test_a_file_without_an_app_of_its_own_is_refused(tmp_path: Path, own: str) -> None:
    with pytest.raises(Misused, match=r"^pipeline\.toml: apps: declares no app"):
        load(tmp_path, own)
