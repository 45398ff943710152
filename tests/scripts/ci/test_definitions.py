"""The CI definitions: valid to their vendors, true to the plan, and nothing but make."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.pipeline import plan
from toolkit.settings.config import Config

from tests import ROOT

CIRCLE = ROOT / "ci/circleci/config.yml"
GITHUB = ROOT / "ci/github/pipeline.yml"
ACTION = ROOT / "ci/github/stage/action.yml"

Job = tuple[str, str]  # stage and environment, "" for none


def load(file: Path) -> Any:
    # YAML 1.1 takes GitHub's key `on` for true; nobody reads it here.
    return yaml.safe_load(file.read_text())


def job_of(command: str) -> Job:
    """The stage and environment of `deploy ENV=test`."""
    target, *variables = shlex.split(command)
    return target, dict(each.split("=") for each in variables).get("ENV", "")


def circle_jobs() -> dict[str, dict[str, Any]]:
    """The jobs of the workflow `pipeline`, by their names."""
    jobs = [next(iter(each.values())) for each in load(CIRCLE)["workflows"]["pipeline"]["jobs"]]
    return {job["name"]: job for job in jobs}


def github_jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, command and body of each job of a stage; the matrix taken apart."""
    for name, job in load(GITHUB)["jobs"].items():
        if name == "evaluate":
            continue
        command = job["steps"][1]["with"]["command"]
        for stage in job.get("strategy", {}).get("matrix", {}).get("stage", [""]):
            yield name, command.replace("${{ matrix.stage }}", stage), job


def plan_of(branch: str) -> plan.Plan:
    config = Config.load(ROOT / "apps.toml")
    return plan.for_run(config, config.app("submitter"), branch)


def as_job(stage: plan.Stage) -> Job:
    return stage.name, stage.environment or ""


def planned(branch: str) -> dict[Job, set[Job]]:
    """The stages of a run that has nothing to undo, each with those that it waits for."""
    made = plan_of(branch)
    main_line = [each for each in made.stages if not each.undoes]
    return {as_job(each): {as_job(made.stage(id)) for id in each.after} for each in main_line}


def undoing() -> dict[Job, list[str]]:
    """The stages after whose failure something is to be undone, with the words after `make`."""
    made = plan_of("main")
    app = Config.load(ROOT / "apps.toml").app("submitter")
    return {
        as_job(made.stage(id)): shlex.split(stage.target(app))[1:]
        for stage in made.stages
        for id in stage.undoes
    }


@pytest.mark.parametrize(
    ("schema", "file"),
    [("circle-ci", CIRCLE), ("github-workflows", GITHUB), ("github-actions", ACTION)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_its_vendor_finds_it_valid(schema: str, file: Path) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    ran = subprocess.run(checker, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("branch", ["main", "feature/x"])
def test_circleci_runs_the_plan(branch: str) -> None:
    def runs(job: dict[str, Any]) -> bool:
        rule = job.get("filters", {}).get("branches", {})
        return branch in rule.get("only", [branch]) and branch not in rule.get("ignore", [])

    jobs = {name: job for name, job in circle_jobs().items() if runs(job)}

    def waits_for(name: str) -> set[Job]:
        waits: set[Job] = set()
        for each in jobs[name].get("requires", []):
            # The hold is CircleCI's button, not a stage: whoever waits for it waits for what it waits for.
            waits |= waits_for(each) if each == "hold" else {job_of(jobs[each]["command"])}
        return waits

    found = {job_of(job["command"]): waits_for(name) for name, job in jobs.items() if name != "hold"}
    assert found == planned(branch)
    assert ("hold" in jobs) == (branch == "main")


def test_github_runs_the_plan() -> None:
    by_id: dict[str, set[Job]] = {}
    for name, command, _ in github_jobs():
        by_id.setdefault(name, set()).add(job_of(command))
    found = {}
    for _, command, job in github_jobs():
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        found[job_of(command)] = set().union(*(by_id[each] for each in needs))
    # The alert waits for every job there, because GitHub would skip it where its only need was skipped.
    assert found.pop(("alert", "")) == set(found)
    assert found == {job: after for job, after in planned("main").items() if job[0] != "alert"}


def test_on_circleci_a_failed_release_is_undone_in_the_same_job_before_the_alert() -> None:
    steps = load(CIRCLE)["jobs"]["stage"]["steps"]
    kinds = [next(iter(step)) if isinstance(step, dict) else step for step in steps]
    [position] = [
        n for n, step in enumerate(steps) if "undo" in str(step.get("when") if type(step) is dict else "")
    ]
    assert kinds.index("run") < position < kinds.index("leave")
    conditional = steps[position]["when"]
    assert conditional["condition"] == "<< parameters.undo >>"
    [step] = conditional["steps"]
    assert step["run"]["when"] == "on_fail", "CircleCI runs no such step in a job that was cancelled"
    found = {}
    for job in circle_jobs().values():
        if job.get("undo"):
            command = step["run"]["command"].replace("<< parameters.undo >>", job["undo"])
            command = command.replace("<< pipeline.parameters.app >>", "submitter")
            found[job_of(job["command"])] = shlex.split(command)[1:]
    assert found == undoing()
    declared = load(CIRCLE)["jobs"]["stage"]["parameters"]["undo"]
    assert declared == {"type": "string", "default": ""}, "nothing else undoes anything"


def test_on_github_a_failed_release_is_undone_in_the_same_job_before_the_alert() -> None:
    found = {}
    for name, command, job in github_jobs():
        _, stage, *more = job["steps"]
        for step in more:
            assert step["if"] == "failure()", "which is false in a job that was cancelled"
            assert step["uses"] == stage["uses"]
            words = shlex.split(step["with"]["command"])
            found[job_of(command)] = [words[0], "APP=submitter", *words[1:]]
            assert step["with"]["name"] == f"rollback-{name}", "records of their own: none replaces another"
    assert found == undoing()


def test_on_github_there_is_time_to_go_back() -> None:
    made = plan_of("main")
    limits = {job_of(command): job for _, command, job in github_jobs()}
    for undoer in [stage for stage in made.stages if stage.undoes]:
        for id in undoer.undoes:
            job = limits[as_job(made.stage(id))]
            own = job["steps"][1]["timeout-minutes"] * 60
            assert own >= made.stage(id).deadline, id
            assert job["timeout-minutes"] * 60 - own >= undoer.deadline, id


def test_on_github_only_main_reaches_production_and_an_alert_is_always_sent() -> None:
    main = "github.ref == 'refs/heads/main'"
    for name, command, job in github_jobs():
        assert (job.get("if") == main) == (job_of(command)[1] == "production"), name
        if name == "alert":
            assert "always()" in job["if"]
    production = next(job for name, _, job in github_jobs() if name == "approve-production")
    assert production["environment"] == "production"
    config = Config.load(ROOT / "apps.toml")
    assert config.app("submitter").policy_in(config.environments["production"]).branches == ("main",)


def test_a_failing_circleci_job_alerts_by_itself() -> None:
    steps = load(CIRCLE)["commands"]["leave"]["steps"]
    runs = [step["run"] for step in steps if isinstance(step, dict) and "run" in step]
    assert [(run["when"], run["command"].split()[:2]) for run in runs] == [("on_fail", ["make", "alert"])]


def commands(value: Any) -> Iterator[str]:
    """Every shell command in a definition, at any depth."""
    if isinstance(value, dict):
        run = value.get("run")
        if isinstance(run, str):
            yield run
        elif isinstance(run, dict):
            yield run["command"]
        for each in value.values():
            yield from commands(each)
    elif isinstance(value, list):
        for each in value:
            yield from commands(each)


@pytest.mark.parametrize("file", [CIRCLE, GITHUB, ACTION], ids=lambda file: file.name)
def test_every_command_is_a_make_target(file: Path) -> None:
    for command in commands(load(file)):
        assert re.fullmatch(r"make [^;&|`\n]+", command), command


def test_every_target_exists() -> None:
    targets = {job_of(job["command"])[0] for job in circle_jobs().values() if "command" in job}
    targets |= {job_of(command)[0] for _, command, _ in github_jobs()} | {"pipeline", "rollback"}
    for target in sorted(targets):
        ran = subprocess.run(
            ["make", "--dry-run", target, "APP=submitter", "ENV=test"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert f"scripts/{target}.py" in ran.stdout, ran.stderr


def test_no_definition_holds_a_secret() -> None:
    for file in (CIRCLE, GITHUB, ACTION):
        text = file.read_text()
        assert "hooks.slack.com" not in text
        for name, value in re.findall(r"(\w*(?:TOKEN|WEBHOOK|CERT)\w*): (.+)", text):
            assert re.fullmatch(r"\$\{\{ (secrets|vars)\.\w+ \}\}", value), name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "ci", folder / "ci")
    shutil.copy(ROOT / "apps.toml", folder)
    return folder


def install(root: Path, *flags: str, code: int = 0) -> str:
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts/install_ci.py", "--config", root / "apps.toml", *flags],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("system", "files"),
    [
        ("circleci", {".circleci/config.yml": CIRCLE}),
        ("github", {".github/workflows/pipeline.yml": GITHUB, ".github/actions/stage/action.yml": ACTION}),
    ],
)
def test_installing(root: Path, system: str, files: dict[str, Path]) -> None:
    assert "is missing (compared with ci/)" in install(root, "--system", system, "--check", code=1)
    assert ".yml" in install(root, "--system", system)
    for target, source in files.items():
        assert (root / target).read_bytes() == source.read_bytes()
    install(root, "--system", system, "--check")
    install(root, "--system", system)


def test_what_is_there_already_is_not_overwritten_unasked(root: Path) -> None:
    theirs = root / ".circleci/config.yml"
    theirs.parent.mkdir()
    theirs.write_text("version: 2.1\n")
    said = install(root, "--system", "circleci", code=3)
    assert ".circleci/config.yml is there already and not ours" in said
    assert "make ci-install SYSTEM=circleci FORCE=1" in said
    assert theirs.read_text() == "version: 2.1\n"
    assert ".circleci/config.yml differs" in install(root, "--system", "circleci", "--check", code=1)
    install(root, "--system", "circleci", "--force")
    assert theirs.read_bytes() == CIRCLE.read_bytes()


def test_one_file_of_theirs_keeps_all_of_ours_out(root: Path) -> None:
    theirs = root / ".github/actions/stage/action.yml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("name: theirs\n")
    install(root, "--system", "github", code=3)
    assert not (root / ".github/workflows").exists()


@pytest.mark.parametrize(
    ("flags", "words"), [([], "SYSTEM is missing"), (["--system", "travis"], "SYSTEM=travis is not known")]
)
def test_misuse(root: Path, flags: list[str], words: str) -> None:
    said = install(root, *flags, code=2)
    assert words in said
    assert "circleci, github" in said
