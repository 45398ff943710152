"""The code of suites, which may be in repositories of their own: one commit of them for a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from toolkit.base.files import HOME
from toolkit.base.outcome import Misused
from toolkit.ci.repositories import run
from toolkit.settings.config import Config
from toolkit.settings.model import App

PINNED_BY = "pipeline"
"""The script whose stages all run the suites of one commit."""


class Code(NamedTuple):
    """The code of a suite: the folder that all of it is in, and the suite's own path there. commit and url
    are "" where it is the app's."""

    top: Path
    path: Path
    commit: str = ""
    url: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is in a repository of its own."""
        return bool(self.commit)

    def told(self, kind: str) -> str:
        """Which suite it is: what a record says of one from elsewhere."""
        return f"{kind} suite of {self.url} at {self.commit[:12]}"


def code_of(config: Config, app: App, kind: str) -> Code:
    """The code of a suite, checked out where it is elsewhere: the commit that its ref led to when the run
    began. Raises Misused where it cannot be had, or has no such path."""
    suite = app.suites[kind]
    if (remote := suite.repository) is None:
        path = app.path / suite.path
        if not path.exists():
            key = f"apps.{app.name}.suites.{kind}.path"
            raise Misused(f"{app.name}: there is no {path}", remedy=f"correct {key} in apps.toml")
        return Code(app.path, path)
    where = remote.where.removesuffix(".repository")
    checked = run.checkout(remote.where, remote, config.root / HOME / run.HOME)
    top = checked.folder.resolve()
    path = (top / suite.path).resolve()
    if not path.is_relative_to(top):
        raise Misused(f'{where}.path: "{suite.path}" leaves the repository {remote.url}')
    if not path.exists():
        raise Misused(
            f"{where}.path: there is no {suite.path} in {remote.url} at {checked.commit[:12]}",
            remedy="correct `path` or `ref`",
        )
    return Code(top, path, checked.commit, remote.url)


def pin_suites(config: Config, apps: list[App]) -> None:
    """Look up what the refs of these apps' suites lead to, for all that this run starts. Raises Misused."""
    for app in apps:
        for kind, suite in app.suites.items() if not app.pending else ():
            if suite.repository:
                code_of(config, app, kind)
