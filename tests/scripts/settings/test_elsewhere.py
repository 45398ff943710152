"""Apps whose code is in repositories elsewhere, and a common file that is: what scripts make of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toolkit.ci.systems import VENDORS

from tests import ROOT
from tests.elsewhere import ENV, Elsewhere, served

SHARED = """
default_cluster = "none"
[environments.test]
spaces = ["dev"]
[environments.production]
spaces = ["live"]
branches = ["{main_branch}"]
[clusters.none]
kubeconfig = "nowhere"
[languages.toy]
lint = [["{python}", "{path}/lint.py"]]
"""
APPS = (
    SHARED
    + """
[apps.web]
repository = "URL"
ref = "main"
path = "svc"
language = "toy"
namespace = "web-{space}"
service = "web"
[apps.other]
path = "other"
language = "toy"
namespace = "other-{space}"
service = "other"
needs = ["web"]
"""
)
OWN = """
extends = { repository = "URL", ref = "REF", file = "platform/common.toml" }
[apps.web]
path = "."
language = "toy"
namespace = "web-{space}"
service = "web"
needs = ["cache"]
"""
COMMON = (
    SHARED
    + '[apps.cache]\npath = "../apps/cache"\nlanguage = "toy"\nnamespace = "c-{space}"\nservice = "c"\n'
)


class Place:
    """The folder of a configuration, in a git repository of its own; and what is elsewhere."""

    def __init__(self, folder: Path) -> None:
        hidden = {vendor.known_by for vendor in VENDORS} | {"CONFIG", "BRANCH", "COMMIT"}
        self.env = {name: value for name, value in ENV.items() if name not in hidden}
        self.here = Elsewhere(folder / "here", {"other/lint.py": "print('other')\n"}, author="Olga Ops")
        self.app = Elsewhere(folder / "there/web", {"svc/lint.py": "print('one')\n"})
        files = {"platform/common.toml": COMMON, "apps/cache/lint.py": "print('cache')\n"}
        self.common = Elsewhere(folder / "there/common", files)

    def write(self, name: str, text: str) -> None:
        (self.here.root / name).write_text(text, encoding="utf-8")

    def run(self, script: str, *flags: str, config: str = "apps.toml", **env: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *flags, "--config", config],
            cwd=self.here.root,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
            check=False,
        )
        assert "Traceback" not in ran.stdout, ran.stdout
        return ran.returncode, ran.stdout

    @property
    def record(self) -> dict[str, Any]:
        return dict(json.loads((self.here.root / ".pipeline/latest/run.json").read_text()))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.write("apps.toml", APPS.replace("URL", made.app.url))
    return made


def test_a_stage_runs_on_the_ref_and_its_record_is_about_that_repository(place: Place) -> None:
    code, said = place.run("lint", "--app", "web")
    assert (code, "one" in said) == (0, True), said
    head = place.app.git("rev-parse", "HEAD")
    assert {key: place.record[key] for key in ("commit", "branch", "version", "author")} == {
        "commit": head,
        "branch": "main",
        "version": head[:12],
        "author": "Ada Lovelace",
    }
    place.app.commit({"svc/lint.py": "raise SystemExit('broken')\n"})
    code, said = place.run("lint", "--app", "web")
    assert (code, "broken" in said) == (1, True), said
    assert place.here.git("status", "--porcelain") == "?? apps.toml"


def test_every_stage_of_a_run_sees_the_commit_that_the_branch_had_when_it_began(place: Place) -> None:
    moves = (
        "import os, subprocess\n"
        f"there = {str(place.app.root)!r}\n"
        "subprocess.run(['git', '-C', there, 'commit', '-q', '--allow-empty', '-m', 'moved'], check=True)\n"
    )
    first = place.app.commit({"svc/lint.py": moves})
    unit = 'unit = [["git", "-C", "{path}", "rev-parse", "HEAD"]]\n'
    place.write("apps.toml", APPS.replace("URL", place.app.url).replace("[apps.web]", f"{unit}[apps.web]"))
    _, said = place.run("pipeline", "--app", "web")
    assert place.app.git("rev-parse", "HEAD") != first
    assert place.record["commit"] == first
    log = (place.here.root / ".pipeline/latest/unit.log").read_text()
    assert first in log, said


@pytest.mark.parametrize(("ref", "reaches"), [("main", True), ("feature", False), ("v1", False)])
def test_only_the_branch_that_rules_admit_is_planned_for_production(
    place: Place, ref: str, reaches: bool
) -> None:
    place.app.git("branch", "feature")
    place.app.git("tag", "v1")
    place.write("apps.toml", APPS.replace("URL", place.app.url).replace('"main"\npath', f'"{ref}"\npath'))
    code, said = place.run("plan", "--app", "web", "--json")
    assert code == 0, said
    assert ("deploy-production" in [stage["id"] for stage in json.loads(said)["stages"]]) == reaches


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ('ref = "main"', 'ref = "mian"'),
            'apps.web.repository: URL has no branch, tag or commit "mian", did',
        ),
        (('ref = "main"', ""), "apps.toml: apps.web.ref: is missing: a branch, a tag or a commit"),
        (('repository = "URL"', ""), "apps.toml: apps.web.ref: is of a `repository`, which is missing"),
        (("URL", "URL/nowhere"), "apps.web.repository: there is no repository at URL/nowhere"),
        (('path = "svc"', 'path = "svk"'), "apps.web.path: there is no folder svk in URL at "),
        (('path = "svc"', 'path = "../x"'), 'apps.web.path: "../x" leaves the repository'),
        (('path = "svc"', 'path = "/etc"'), 'apps.web.path: "/etc" leaves the repository'),
        (('path = "svc"', 'context = "../.."'), 'apps.web.context: "../.." leaves the repository'),
        (('path = "svc"', 'path = "out"'), 'apps.web.path: "out" leaves the repository URL'),
        (('"URL"', '{ env = "WEB_ADDRESS" }'), "apps.web.repository: WEB_ADDRESS holds no address"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_started(
    place: Place, change: tuple[str, str], sentence: str
) -> None:
    (place.app.root / "out").symlink_to("/etc")
    place.app.commit()
    place.write("apps.toml", APPS.replace(*change).replace("URL", place.app.url))
    code, said = place.run("lint", "--app", "web")
    assert (code, sentence.replace("URL", place.app.url) in said) == (2, True), said
    assert not (place.here.root / ".pipeline/runs").exists()
    if "repository: " in sentence or "there is no folder" in sentence:  # it has no need of it
        code, said = place.run("lint", "--app", "other")
        assert code == 0, said


def test_a_token_in_the_address_is_shown_nowhere_and_not_given_to_the_apps_code(
    place: Place, tmp_path: Path
) -> None:
    word = "a-secret-of-the-address"
    place.app.commit({"svc/lint.py": "import os; print(sorted(os.environ.items()))\n"})
    with served(tmp_path / "there", login=f"ada:{word}") as server:
        url = f"http://ada:{word}@{server.host}/web/.git"
        place.write("apps.toml", APPS.replace('"URL"', '{ env = "WEB_ADDRESS" }'))
        code, said = place.run("lint", "--app", "web", WEB_ADDRESS=url)
        assert code == 0, said
        assert "WEB_ADDRESS'" not in said
        assert word not in said
        place.write("apps.toml", APPS.replace("URL", url.replace(word, "another-secret-word")))
        code, said = place.run("lint", "--app", "web")
        assert (code, "refuses the credentials, those in its address" in said) == (2, True), said
        assert "another-secret-word" not in said
    kept = [file for file in (place.here.root / ".pipeline").rglob("*") if file.is_file()]
    assert not [file for file in kept if word.encode() in file.read_bytes()]


def test_a_tag_is_told_how_it_gets_a_branch(place: Place) -> None:
    place.app.git("tag", "v1")
    place.write("apps.toml", APPS.replace("URL", place.app.url).replace('"main"\npath', '"v1"\npath'))
    code, said = place.run("approve", "--app", "web", "--env", "production", "--check")
    assert (code, 'fix: ref = "main" in [apps.web] of apps.toml' in said) == (3, True), said


def test_a_need_whose_code_is_not_there_is_a_sentence(place: Place) -> None:
    text = COMMON.replace('kubeconfig = "nowhere"', 'kubeconfig = "nowhere"\nprovision = true')
    commit = place.common.commit({"platform/common.toml": text.replace("../apps/cache", "../apps/gone")})
    place.write("pipeline.toml", OWN.replace("URL", place.common.url).replace("REF", commit))
    empty = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n"
    place.here.commit({"deploy/x.yaml": empty})
    code, said = place.run("deploy", "--app", "web", "--env", "test", config="pipeline.toml")
    assert (code, "cache: its folder " in said, "apps/gone does not exist" in said) == (2, True, True), said


def test_what_needs_no_code_works_when_the_repository_is_gone(place: Place) -> None:
    place.write("apps.toml", APPS.replace("URL", place.app.url + "-gone"))
    code, said = place.run("alert")
    assert code == 0, said


def test_a_common_file_of_a_pinned_commit_is_extended_and_told_in_the_record(place: Place) -> None:
    commit = place.common.git("rev-parse", "HEAD")
    place.write("lint.py", "print('own')\n")
    place.write("pipeline.toml", OWN.replace("URL", place.common.url).replace("REF", commit))
    code, said = place.run("lint", "--app", "web", config="pipeline.toml")
    assert (code, "own" in said) == (0, True), said
    assert place.record["extends"] == f"platform/common.toml of {place.common.url} at {commit[:12]}"
    code, said = place.run("lint", "--app", "cache", config="pipeline.toml")
    assert (code, "cache" in said) == (0, True), said
    assert place.record["commit"] == commit


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("REF", "main"), 'pipeline.toml: extends: "main" is a branch of URL, which moves: it is not pinned'),
        (("REF", "v2"), 'pipeline.toml: extends: URL has no branch, tag or commit "v2", did you mean "v1"?'),
        (("common.toml", "comon.toml"), "extends: there is no file platform/comon.toml in URL at "),
        (("platform/common.toml", "../../x"), 'extends.file: "../../x" leaves the repository URL'),
        (("URL", "URL-gone"), "pipeline.toml: extends: there is no repository at URL-gone"),
        (('ref = "REF", ', ""), "pipeline.toml: extends: must be the path of a file, or a repository"),
        (('"REF"', "3"), "pipeline.toml: extends.ref: must be text"),
        (('"URL"', '{ env = "ADDRESS" }'), "pipeline.toml: extends: ADDRESS holds no address"),
        (("common.toml", "bad.toml"), "platform/bad.toml of URL at COMMIT: default_cluster: must be text"),
        (("common.toml", "out.toml"), 'platform/out.toml of URL at COMMIT: extends: "../../../x" leaves the'),
    ],
)
def test_what_cannot_be_extended_is_one_sentence(
    place: Place, change: tuple[str, str], sentence: str
) -> None:
    commit = place.common.commit(
        {"platform/bad.toml": "default_cluster = 3\n", "platform/out.toml": 'extends = "../../../x"\n'}
    )
    place.common.git("tag", "v1")
    text = OWN.replace(*change).replace("URL", place.common.url).replace("REF", "v1")
    place.write("pipeline.toml", text)
    code, said = place.run("lint", "--app", "web", config="pipeline.toml")
    wanted = sentence.replace("URL", place.common.url).replace("COMMIT", commit[:12])
    assert (code, wanted in said) == (2, True), said
    assert not (place.here.root / ".pipeline/runs").exists()
