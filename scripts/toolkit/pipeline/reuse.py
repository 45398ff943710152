"""Whether a stage that passed before would pass again: the same inputs, and the same state of the cluster.

Inputs are the app's files, the toolkit, the configuration that the stage sees and the Python that runs it.
What images are built of counts as a build sees it, what git ignores included. On a cluster the apps that it
needs, directly or not, count too, and the state: what a stage deployed or tested must still be what runs
there, pod by pod. Each folder is asked of its own repository; where no file is found, nothing is reused.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.base.outcome import PipelineError
from toolkit.ci import inputs
from toolkit.ci.inputs import Skip
from toolkit.ci.origin import Source
from toolkit.ci.repositories import run
from toolkit.pipeline.plan import SCRIPTS, Stage
from toolkit.runs import record
from toolkit.settings import elsewhere
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster
from toolkit.settings.request import version

NEVER = ("approve", "alert")  # a rule is asked every time, and every run is announced
LOOK_BACK = 50  # runs of the same app

State = Callable[[App, str], str]


class Reuse:
    """Finds earlier passes of a run's stages. `state` gives a digest of what runs in an environment."""

    def __init__(self, config: Config, app: App, cluster: Cluster, source: Source, state: State) -> None:
        self.config = config
        self.app = app
        self.cluster = cluster
        self.source = source
        self._state = state
        self._digests: dict[str, str] = {}

    def inputs(self, stage: Stage) -> str:
        """A digest of everything, except the cluster, that the stage's outcome depends on."""
        trees = self._trees_with_needs if stage.environment else self._trees
        if stage.environment or stage.name == "build":
            trees += self._built_with_needs if stage.environment else self._built
        parts = [stage.id, trees, repr(self.app), repr(self.cluster), platform.python_version()]
        if stage.name == "security":  # advisories and suppressions age by the day
            given = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("ADVISORIES")]
            known = [_hash(file.read_bytes()) for file in sorted(self.config.root.glob("advisories/*"))]
            parts += [date.today().isoformat(), *sorted(given), *known]
        elif stage.name == "build" and any(image.varies for image in self.app.images.values()):
            parts.append(version(self.source))
        if stage.environment:
            environment = self.config.environments[stage.environment]
            parts += [repr(environment), version(self.source), self.source.branch]
            parts += [repr(need) for need in self._needs]
            parts += [self._secrets_of(app) for app in (self.app, *self._needs)]
        suite = self.app.suites.get(stage.name)
        if suite is not None and suite.repository:
            parts.append(self._commit_of_suite(stage.name))
        return _digest(parts)

    def _commit_of_suite(self, kind: str) -> str:
        """The commit of a suite in a repository of its own; where that cannot be had, nothing is reused."""
        try:
            return elsewhere.code_of(self.config, self.app, kind).commit
        except PipelineError:
            return os.urandom(16).hex()

    def state(self, stage: Stage) -> str:
        """A digest of what runs where the stage works; "" for a stage that needs no cluster."""
        if not stage.environment:
            return ""
        try:
            return self._state(self.app, stage.environment)
        except PipelineError:
            return "unknown"

    def passed_before(self, stage: Stage) -> dict[str, Any] | None:
        """The record's entry of an earlier pass with the same inputs and state, with its run under "run"."""
        if stage.name in NEVER:
            return None
        inputs = self.inputs(stage)
        for entry in self._earlier:
            if entry.get("id") == stage.id and entry.get("inputs") == inputs and entry["outcome"] == "passed":
                return entry if not stage.environment or self._holds(stage, entry) else None
        return None

    def _holds(self, stage: Stage, entry: dict[str, Any]) -> bool:
        state = self.state(stage)
        return bool(state) and state != "unknown" and state == entry.get("state")

    @cached_property
    def _earlier(self) -> list[dict[str, Any]]:
        mine = (
            data
            for data in record.runs(self.config.root)
            if data.get("app") == self.app.name and data.get("cluster") == self.cluster.name
        )
        return [
            {"run": data["run"], **entry}
            for data in islice(mine, LOOK_BACK)
            for entry in data.get("stages", ())
        ]

    @cached_property
    def _needs(self) -> list[App]:
        return self.config.needs_of(self.app)

    @cached_property
    def _trees(self) -> str:
        """The app's own files and the toolkit's."""
        return _digest([self._of(self.app, self._own), self._of_files(_toolkit())])

    @cached_property
    def _trees_with_needs(self) -> str:
        return _digest([self._trees, *(self._of(need, self._own) for need in self._needs)])

    @cached_property
    def _built(self) -> str:
        """What the app's images are built of."""
        return self._of(self.app, self._seen_by_builds) if self.app.images else ""

    @cached_property
    def _built_with_needs(self) -> str:
        needed = [need for need in self._needs if need.images]
        return _digest([self._built, *(self._of(need, self._seen_by_builds) for need in needed)])

    def _own(self, app: App) -> set[str]:
        """The files that git keeps of an app: its folder, its build context without other apps' folders, and
        what its configuration names elsewhere."""
        suites = [suite.path for suite in app.suites.values() if not suite.repository]
        dockerfiles = [image.dockerfile for image in app.images.values() if not image.image]
        places = app.rendering.folders if app.rendering else (app.manifests,)
        named = [app.path / name for name in (*dockerfiles, *places, *suites)]
        beside = [path for path in named if not inputs.below(path.resolve(), [app.path])]
        found = inputs.kept([app.path, *beside])
        outside = [each for each in _contexts(app) if not inputs.below(each, [app.path])]
        return found | inputs.kept(outside, self._is_anothers(app)) if outside else found

    def _secrets_of(self, app: App) -> str:
        """Where values come from that are kept elsewhere: the commit there. Of none nobody knows whether they
        are the same; what they are is in no digest."""
        secrets = app.rendering.secrets if app.rendering else None
        if secrets is None:
            return ""
        try:
            if secrets.repository:
                return run.commit(f"{secrets.where}.repository", secrets.repository, self.config.root)
        except PipelineError:
            pass  # the stage itself tells
        return os.urandom(16).hex()

    def _seen_by_builds(self, app: App) -> Iterable[str]:
        skip = self._is_anothers(app)
        return {path for context in _contexts(app) for path in inputs.everything(context, skip)}

    def _is_anothers(self, app: App) -> Skip:
        """Whether a path of an app's context is in the folder of another app, neither of which is in the
        other."""
        folders = {each.path for each in self.config.apps.values()}
        others = [
            each
            for each in folders
            if any(inputs.below(each, [context]) for context in _contexts(app))
            and not inputs.below(app.path, [each])
            and not inputs.below(each, [app.path])
        ]
        return lambda path: inputs.below(path, others)

    def _of(self, app: App, files: Callable[[App], Iterable[str]]) -> str:
        return self._of_files(files(app)) if app.path.is_dir() else "no code yet"

    def _of_files(self, files: Iterable[str]) -> str:
        """A digest of files; of none, one that nothing else has: what was not seen is not known to be the
        same."""
        lines = []
        for path in sorted(files):
            if path not in self._digests:
                self._digests[path] = inputs.digest(path)
            lines.append(f"{path} {self._digests[path]}")
        return _digest(lines or [os.urandom(16).hex()])


def _contexts(app: App) -> list[Path]:
    """The folders that the app's builds see."""
    own = [app.context_of(image) for image in app.images.values() if not image.image]
    return list(dict.fromkeys([app.context, *own]))


def _toolkit() -> Iterable[str]:
    """What runs the stages: it may lie in a repository of its own, or in none (an installed package)."""
    yield from inputs.everything(SCRIPTS / "toolkit")
    yield from map(str, SCRIPTS.glob("*.py"))
    if (pins := SCRIPTS.parent / "requirements.txt").is_file():
        yield str(pins)


def _digest(parts: Iterable[str]) -> str:
    return _hash("\n".join(parts).encode(errors="surrogateescape"))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
