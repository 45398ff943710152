"""Which stages a run has: what runs, after what, and why the rest does not. Data only, nothing is started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.runs.undoing import STAGE as ROLLBACK
from toolkit.runs.undoing import UNDONE
from toolkit.settings.config import Config
from toolkit.settings.model import App, Environment

SCRIPTS = Path(__file__).resolve().parents[2]
CHECKS = ("lint", "security", "unit", "build")

_ABOUT = {
    "lint": "code style",
    "security": "code and dependencies",
    "unit": "unit tests",
    "build": "images, named by digest",
    "deploy": "apply, and wait for a verdict",
    "healthcheck": "every pod, health and readiness",
    "smoke": "does it do its job",
    "acceptance": "every output of a submission",
    "approve": "branch and approval",
    "watch": "pods for restarts",
    "rollback": "back to the last verified release",
    "alert": "tell the channel",
}


@dataclass(frozen=True)
class Stage:
    """One stage: started once all in `after` passed. `deadline` in seconds. `always`: whatever happened.

    One with `undoes` is started only if one of these failed, and once everything else has ended.
    """

    id: str
    name: str
    environment: str | None
    after: tuple[str, ...]
    deadline: float
    always: bool = False
    undoes: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What it is for, in a few words."""
        return _ABOUT[self.name]

    def command(self, app: App, cluster: str, config: Path) -> list[str]:
        """The command that a person would type for this stage, without make; config is apps.toml."""
        argv = script(self.name, app.name, config)
        if self.environment:
            argv += ["--env", self.environment]
        if self.name == "approve":
            argv += ["--check"]
        if self.undoes:
            argv += ["--failed"]
        return [*argv, "--cluster", cluster]

    def target(self, app: App) -> str:
        """The same as a make target."""
        place = f" ENV={self.environment}" if self.environment else ""
        return f"make {self.name} APP={app.name}{place}{' FAILED=1' if self.undoes else ''}"

    @property
    def when(self) -> str:
        """When it is started, for a person."""
        if self.undoes:
            names = [id.removesuffix(f"-{self.environment}") for id in self.undoes]
            return f"only if {' or '.join([', '.join(names[:-1]), *names[-1:]][not names[1:] :])} fails"
        if self.always:
            return "whatever happened"
        return f"after {', '.join(self.after)}" if self.after else "at once"


@dataclass(frozen=True)
class Skipped:
    """A stage that does not run, and why."""

    id: str
    why: str


def script(name: str, app: str, config: Path) -> list[str]:
    """The command of a stage script for an app; config is apps.toml."""
    # Said every time: which file is meant otherwise depends on where the script is started.
    return [sys.executable, str(SCRIPTS / f"{name}.py"), "--app", app, "--config", str(config)]


@dataclass
class Plan:
    """The stages of one run in an order in which they could be run one by one."""

    app: str
    branch: str
    stages: list[Stage] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def stage(self, id: str) -> Stage:
        """The stage of that id."""
        return next(stage for stage in self.stages if stage.id == id)


def for_run(config: Config, app: App, branch: str, trouble: str = "") -> Plan:
    """The plan for an app and a branch; trouble is why it is not known which branch this is."""
    return _Planner(config, app, branch, trouble).plan()


class _Planner:
    def __init__(self, config: Config, app: App, branch: str, trouble: str = "") -> None:
        self.trouble = trouble
        self.config = config
        self.app = app
        self.made = Plan(app.name, branch)

    def plan(self) -> Plan:
        checks = tuple(name for name in CHECKS if self._check(name))
        last = checks
        closed = ""
        for position, environment in enumerate(self.config.environments.values()):
            closed = closed or self._closed(environment)
            last = self._environment(environment, last, first=position == 0, closed=closed)
        self.made.stages.append(Stage("alert", "alert", None, last, 60, always=True))
        return self.made

    def _check(self, name: str) -> bool:
        if name == "build":
            why = "" if self.app.images else f"[apps.{self.app.name}] has no images"
        else:
            why = "" if self.app.commands.get(name) else f"[apps.{self.app.name}] has no {name} commands"
        if why:
            self.made.skipped.append(Skipped(name, why))
            return False
        preparing = self.app.ways.seconds if name != "build" else 0.0
        self.made.stages.append(Stage(name, name, None, (), 900 + preparing))
        return True

    def _of_suite(self, kind: str) -> float:
        """The deadline of a suite's stage, with the time to prepare what its command needs."""
        suite = self.app.suites[kind]
        ways = self.config.ways[suite.language] if suite.language else self.app.ways
        return suite.deadline + 60 + (ways.seconds if suite.command else 0.0)

    def _closed(self, environment: Environment) -> str:
        """Why nothing of this run may enter an environment, or nothing."""
        rules = self.app.policy_in(environment)
        if not rules.admits(self.made.branch):
            admitted = ", ".join(rules.branches)
            if self.trouble:
                return (
                    f"{environment.name} takes {admitted} only, and which branch this is nobody says: "
                    f"{self.trouble}"
                )
            return (
                f'branch "{self.made.branch}" stops before {environment.name}: '
                f"{rules.where('branches')}.branches in apps.toml admits {admitted}"
            )
        return ""

    def _environment(
        self, environment: Environment, after: tuple[str, ...], *, first: bool, closed: str
    ) -> tuple[str, ...]:
        deadlines: dict[str, Callable[[], float]] = {
            "approve": lambda: 60.0,
            # With going back, and the verdict on that, inside.
            "deploy": lambda: 6 * self.app.deadline + 600,
            "healthcheck": lambda: 180.0,
            "smoke": lambda: self._of_suite("smoke"),
            "acceptance": lambda: self._of_suite("acceptance"),
            "watch": lambda: self.app.policy_in(environment).soak + 120,
        }
        for name, deadline in deadlines.items():
            if name == "approve" and first:
                continue
            id = f"{name}-{environment.name}"
            if why := closed or self._why_not(name, environment):
                if name != "acceptance" or environment.name in self._acceptance_environments():
                    self.made.skipped.append(Skipped(id, why))
                continue
            self.made.stages.append(Stage(id, name, environment.name, after, deadline()))
            after = (id,)
        self._undoing(environment)
        return after

    def _undoing(self, environment: Environment) -> None:
        """The stage that goes back, where something is deployed and the environment asks for it."""
        there = [stage.id for stage in self.made.stages if stage.environment == environment.name]
        undoes = tuple(id for id in (f"{name}-{environment.name}" for name in UNDONE) if id in there)
        if not undoes:
            return
        id = f"{ROLLBACK}-{environment.name}"
        rules = self.app.policy_in(environment)
        if rules.rollback != "auto":
            why = f"{rules.where('rollback')}.rollback in apps.toml is {rules.rollback}"
            self.made.skipped.append(Skipped(id, why))
            return
        deadline = 4 * self.app.deadline + 600
        self.made.stages.append(Stage(id, ROLLBACK, environment.name, (), deadline, undoes=undoes))

    def _why_not(self, name: str, environment: Environment) -> str:
        where = f"[apps.{self.app.name}] in apps.toml"
        if not self.app.goes_to(environment.name):
            return f"{where} does not go to {environment.name}"
        if name in ("smoke", "acceptance"):
            suite = self.app.suites.get(name)
            if suite is None:
                return f"{where} has no {name} suite"
            if suite.environments and environment.name not in suite.environments:
                return f"its {name} suite is for {', '.join(suite.environments)}"
        rules = self.app.policy_in(environment)
        if name == "watch" and not rules.soak:
            return f"{rules.where('soak')}.soak in apps.toml is 0"
        return ""

    def _acceptance_environments(self) -> tuple[str, ...]:
        """Where leaving acceptance out deserves a word: everywhere, unless the suite itself says where."""
        suite = self.app.suites.get("acceptance")
        return suite.environments if suite and suite.environments else tuple(self.config.environments)
