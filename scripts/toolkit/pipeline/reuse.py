"""Whether a stage that passed before would pass again: the same inputs, and the same state of the cluster.

Inputs are the app's files, the toolkit, the configuration that the stage sees and the Python that runs it. On
a cluster the apps that it needs, directly or not, count too, and the state: what a stage deployed or tested
must still be what runs there, pod by pod.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.base.outcome import PipelineError
from toolkit.ci import git
from toolkit.ci.origin import Source
from toolkit.pipeline.plan import SCRIPTS, Stage
from toolkit.runs import record
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

    def inputs(self, stage: Stage) -> str:
        """A digest of everything, except the cluster, that the stage's outcome depends on."""
        trees = self._trees_with_needs if stage.environment else self._trees
        parts = [stage.id, trees, repr(self.app), repr(self.cluster), platform.python_version()]
        if stage.name == "security":  # advisories and suppressions age by the day
            given = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("ADVISORIES")]
            known = [_hash(file.read_bytes()) for file in sorted(self.config.root.glob("advisories/*"))]
            parts += [date.today().isoformat(), *sorted(given), *known]
        if stage.environment:
            environment = self.config.environments[stage.environment]
            parts += [repr(environment), version(self.source), self.source.branch]
            parts += [repr(need) for need in self._needs]
        return _digest(parts)

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
        """The app's folder, its build context without the folders of other apps, and the toolkit."""
        return self._digest_of([self.app.path, self.app.context], [])

    @cached_property
    def _trees_with_needs(self) -> str:
        needed = [need.path for need in self._needs]
        return self._digest_of([self.app.path, self.app.context, *needed], needed)

    def _digest_of(self, folders: list[Path], needed: list[Path]) -> str:
        root = self.config.root
        others = [app.path for app in self.config.apps.values() if app.name != self.app.name]
        files = [
            *(path for path in _files(root, folders) if not _below(path, others) or _below(path, needed)),
            *_files(SCRIPTS.parent, [SCRIPTS, SCRIPTS.parent / "requirements.txt"]),
        ]
        return _digest(f"{path} {_hash(path.read_bytes())}" for path in files)


def _below(path: Path, folders: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _files(root: Path, folders: list[Path]) -> Iterator[Path]:
    """The files that git tracks or would track; without git all but hidden and generated ones."""
    said = git.at(root)(["ls-files", "-z", "-co", "--exclude-standard", "--", *map(str, folders)])
    if not said.failed:
        paths = sorted({root / name for name in said.answer.reveal().split("\0") if name})
    else:
        every = (path for folder in folders for path in (folder.rglob("*") if folder.is_dir() else [folder]))
        paths = sorted({path for path in every if not _generated(path.relative_to(root))})
    return (path for path in paths if path.is_file())


def _generated(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _digest(parts: Any) -> str:
    return _hash("\n".join(parts).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
