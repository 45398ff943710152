"""Pipelines of the skeletons, run as their teams run them, and what then serves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.ci.systems import VENDORS

from tests import ROOT
from tests.skeletons import forms, programs
from tests.skeletons.repositories import Repositories, Repository
from tests.skeletons.table import BY_NAME, RUNNER, SKELETONS
from tests.skeletons.tools import shims

AT_A_TIME = 4
SECONDS = 900.0
_NOT_OURS = re.compile("GIT_|PIPELINE|SANDBOX|SLACK|MAKE|CONFIG$|CLUSTER$|BRANCH$|COMMIT$|APPROVE$|FRESH$")


class Ended(NamedTuple):
    """A pipeline that ended, and all that it printed."""

    code: int
    output: str


class Story:
    """The repositories, a cluster, and runs in them."""

    def __init__(
        self, repositories: Repositories, ask: Callable[[str], dict[str, Any]], env: Mapping[str, str]
    ) -> None:
        """ask: a GET of the cluster's API, whose answer is JSON."""
        self.repositories, self.ask = repositories, ask
        hidden = {vendor.known_by for vendor in VENDORS}
        kept = {
            key: value for key, value in os.environ.items() if not _NOT_OURS.match(key) and key not in hidden
        }
        tools = shims.put(repositories.folder / "bin")
        path = [str(tools), str(programs.helm().parent), str(Path(sys.executable).parent), kept["PATH"]]
        self.env = {
            **kept,
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": str(ROOT),
            "ADVISORIES": "local",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **env,
        }
        self.outputs: list[str] = []
        """All that was ever printed."""

    def __getitem__(self, name: str) -> Repository:
        return self.repositories.apps[name]

    def call(self, name: str, *words: str) -> Ended:
        """`pipeline <words>` in an app's repository."""
        ran = self._call(name, words, subprocess.STDOUT)
        self.outputs.append(ran.stdout)
        assert "Traceback (most recent" not in ran.stdout, ran.stdout
        return Ended(ran.returncode, ran.stdout)

    def printed(self, name: str, *words: str) -> str:
        """As call, of what has to pass and prints for a program; its standard output alone."""
        ran = self._call(name, words, subprocess.PIPE)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        self.outputs += [ran.stdout, ran.stderr]
        return ran.stdout

    def _call(self, name: str, words: Iterable[str], errors: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "form_builder_pipeline", *words],
            cwd=self[name].root,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def run(self, *names: str) -> dict[str, Ended]:
        """`pipeline run` in these repositories (in all), side by side."""
        which = names or tuple(BY_NAME)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            return dict(zip(which, pool.map(lambda name: self.call(name, "run"), which), strict=True))

    def passes(self, *names: str) -> None:
        """As run; all of them must pass."""
        ended = self.run(*names)
        failed = {name: end for name, end in ended.items() if end.code}
        assert not failed, "\n".join(f"=== {name}: {end.code}\n{end.output}" for name, end in failed.items())

    def record(self, name: str) -> dict[str, Any]:
        """Of an app's newest run."""
        return dict(json.loads((self[name].root / ".pipeline/latest/run.json").read_text(encoding="utf-8")))

    def stages(self, name: str) -> dict[str, dict[str, Any]]:
        """Those of its newest run, by id."""
        return {stage["id"]: stage for stage in self.record(name)["stages"]}

    def images(self, name: str) -> dict[str, str]:
        """Role to image, of its newest run."""
        return dict(self.stages(name)["build"]["details"]["images"])

    def told(self, name: str, space: str) -> dict[str, str]:
        """What an app says that it was told; of the runner what all of its forms say alike."""
        skeleton = BY_NAME[name]
        services = [skeleton.service(space)]
        if skeleton is RUNNER:
            services = [forms.name(slug, space) for slug in forms.SLUGS]
        home = f"/api/v1/namespaces/{skeleton.home(space)}/services"
        found = [self.ask(f"{home}/{service}:80/proxy/told") for service in services]
        assert len({said["word"] for said in found}) == 1, found
        return {key: str(value) for key, value in found[0].items()}

    def said(self, key: str, environment: str, names: Iterable[str] = ()) -> dict[tuple[str, str], str]:
        """One thing that they were told, by (app, space), in an environment."""
        return {
            (name, space): self.told(name, space)[key]
            for name in names or BY_NAME
            for space in BY_NAME[name].spaces[environment]
        }

    def status(self, name: str) -> dict[str, dict[str, Any]]:
        """`pipeline status --json`, by space."""
        return {row["space"]: row for row in json.loads(self.printed(name, "status", "--json"))}


def everywhere(environment: str, value: str, names: Iterable[str] = ()) -> dict[tuple[str, str], str]:
    """The same for each app in each of its spaces."""
    return {
        (skeleton.name, space): value
        for skeleton in SKELETONS
        if not names or skeleton.name in names
        for space in skeleton.spaces[environment]
    }
