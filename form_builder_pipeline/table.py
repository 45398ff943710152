"""Which subcommand is which script, and what make's variables become there: a row a subcommand."""

from __future__ import annotations

from typing import NamedTuple

WITH_A_VALUE = {
    *("APP", "ENV", "CLUSTER", "ONLY", "REPEAT", "SHARD", "JOBS", "BRANCH", "FOR", "QUIET", "RUN", "AGAIN"),
    *("TO", "CAUSE", "FORMAT"),
}
"""Variables that become a flag with a value: APP=submitter is --app=submitter."""
SWITCHES = {"KEEP_DURATIONS", "CHECK", "FAILED"}
"""Variables that become a flag without one, unless they are empty or 0."""
READ = (
    *("FORCE", "FRESH", "APPROVE", "RESTART", "TAKE_OVER", "PREFLIGHT", "COMMIT", "PATIENCE_SCALE"),
    *("PATIENCE", "ANY_VERSION", "SETTLE", "ADVISORIES", "TURN_WAIT"),
)
"""Variables that the scripts read themselves, in every subcommand."""
_PART = ("ONLY", "REPEAT", "SHARD", "KEEP_DURATIONS")


class Row(NamedTuple):
    """A subcommand. file is below scripts/; for the sandbox, which is a program of its own, it is "sandbox".

    words are given to it first; takes are the variables that become flags.
    """

    name: str
    file: str
    about: str
    takes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """Its target in the toolkit's own Makefile, and what makes up its name in an app's."""
        return "pipeline" if self.name == "run" else self.name


_APP, _PLACED, _WHERE = ("APP", "CLUSTER"), ("APP", "ENV", "CLUSTER"), ("ENV", "CLUSTER")
GROUPS: dict[str, tuple[Row, ...]] = {
    "A commit to production": (
        Row("run", "pipeline.py", "the whole way: checks, test, production, alert", (*_APP, "JOBS")),
        Row("plan", "plan.py", "what would run, and why the rest would not", (*_APP, "BRANCH")),
    ),
    "One stage": (
        Row("lint", "lint.py", "code style", _APP),
        Row("security", "security.py", "code and dependencies", _APP),
        Row("unit", "unit.py", "unit tests with a coverage floor", _APP),
        Row("build", "build.py", "images, named by digest", _APP),
        Row("deploy", "deploy.py", "look ahead, apply, wait for a verdict", _PLACED),
        Row("healthcheck", "healthcheck.py", "every pod: health, readiness, the right version", _PLACED),
        Row("smoke", "smoke.py", "does it do its job", (*_PLACED, *_PART)),
        Row("acceptance", "acceptance.py", "every output of the app", (*_PLACED, *_PART)),
        Row("approve", "approve.py", "let this commit into an environment", (*_PLACED, "CHECK")),
        Row("watch", "watch.py", "pods for restarts", (*_PLACED, "FOR", "QUIET")),
        Row("alert", "alert.py", "send a run's result; list what is not delivered", ("APP", "RUN", "AGAIN")),
    ),
    "When something is wrong": (
        Row("status", "status.py", "what runs where, verified or not, changed by hand", _PLACED),
        Row("rollback", "rollback.py", "back to the last verified release", (*_PLACED, "TO", "FAILED")),
        Row("drill", "drill.py", "break a release on purpose", ("CAUSE", "ONLY", "CLUSTER")),
        Row("doctor", "doctor.py", "is this machine, is a cluster ready? each cross has its fix", _PLACED),
    ),
    "On a cluster that somebody looks after": (
        Row("role", "role.py", "the least Role for an app, for kubectl apply -f -", _PLACED),
        Row("prerequisites", "prerequisites.py", "what an app needs there", (*_PLACED, "FORMAT")),
    ),
    "The whole platform on this machine": (
        Row("platform", "start_platform.py", "start every app on the sandbox, print its address", _WHERE),
        Row("platform-stop", "start_platform.py", "stop it; what is in it is kept", _WHERE[1:], ("--stop",)),
    ),
    "The sandbox: a Kubernetes for this machine, started by itself when it is needed": (
        Row("sandbox-up", "sandbox", "start it", (), ("up",)),
        Row("sandbox-down", "sandbox", "stop it and all that runs in it", (), ("down",)),
        Row("sandbox-status", "sandbox", "what runs in it, and what it does not do", (), ("status",)),
        Row("sandbox-reset", "sandbox", "an empty cluster", (), ("reset",)),
    ),
    "The advisories that the security stage judges by": (
        Row("advisories", "advisories.py", "renew those for what the apps pin", ("CLUSTER",)),
    ),
}
ROWS = {row.name: row for group in GROUPS.values() for row in group}

NOT_HERE = {
    "cluster_doctor.py": "doctor asks it",
    "diagram.py": "draws the toolkit's own documents",
    "fidelity.py": "compares drills for the toolkit's own documents",
    "install_ci.py": "installs this repository's own CI; an app's takes the lines of docs/own-repository.md",
}
"""Scripts without a subcommand, and why."""
