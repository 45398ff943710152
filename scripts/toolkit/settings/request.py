"""What a script was asked to do, and where the run comes from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base import console
from toolkit.base.files import HOME
from toolkit.base.outcome import Misused
from toolkit.ci import checkout, revision
from toolkit.ci.origin import NO_GIT, Source, here
from toolkit.ci.repositories import run
from toolkit.ci.repositories.remote import Remote
from toolkit.settings import elsewhere
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place, Policy
from toolkit.settings.sandbox import TOOLKIT

# Set by the engine for the stages it starts: the folder of the run, and that of the stage.
RUN_FOLDER = "PIPELINE_RUN_DIR"
STAGE_FOLDER = "PIPELINE_STAGE_DIR"
SOURCE = "PIPELINE_SOURCE"
WITHOUT_CODE = (*("status", "alert", "drill", "diagram", "fidelity", "ci-install", "doctor"),)
"""The scripts that look at no app's code: they work when its repository cannot be had."""
_OWN = ("commit", "branch", "version", "author")


class _Asked(NamedTuple):
    config: Config
    cluster: Cluster
    app: App
    place: Place | None
    spaces: tuple[str, ...]
    options: argparse.Namespace
    evidence: Path
    run: str = ""
    named: bool = True
    say: Callable[[str], None] = console.say
    anything: bool = False
    seen: Source | None = None


class Request(_Asked):
    """What a script was asked to do. `named` is false when an app came from "no APP means every app";
    `anything` when a check is to look at whatever version serves; `seen` what the script saw of the app's
    repository when it began."""

    @property
    def root(self) -> Path:
        """The folder that holds apps.toml."""
        return self.config.root

    @cached_property
    def source(self) -> Source:
        """Branch, commit and author of the app, in its own repository; and the job's link."""
        return self.seen or source(self.config, self.app)

    def source_of(self, app: App) -> Source:
        """The same of an app that goes along with this one; of the same repository it is this one's."""
        if app.name == self.app.name:
            return self.source
        if app.name not in self._others:
            is_same = checkout.top_of(app.path) == checkout.top_of(self.app.path)
            self._others[app.name] = self.source if is_same else source(self.config, app, named=False)
        return self._others[app.name]

    @cached_property
    def _others(self) -> dict[str, Source]:
        return {}

    @property
    def environment(self) -> str:
        """The name of the environment; "" for a stage that has none."""
        return self.place.environment.name if self.place else ""

    @property
    def policy(self) -> Policy:
        """The rules that hold for the app where it goes; those of nowhere for a stage that has no place."""
        return self.app.policy_in(self.place.environment) if self.place else Policy()


def with_code(stage: str, config: Config, cluster: Cluster, apps: list[App]) -> tuple[Config, list[App]]:
    """The configuration and these apps, with the code of those in repositories elsewhere checked out.

    For scripts that look at code: of the apps that are named, of what they need where that is deployed with
    them, and of every app where none is named. Raises Misused for one that cannot be had.
    """
    every = apps or [app for app in config.apps.values() if not app.common]
    chosen = {app.name: app for app in every} if stage not in WITHOUT_CODE else {}
    if chosen and cluster.provision:
        chosen |= {need.name: need for app in apps for need in config.needs_of(app)}
    ready = {
        app.name: _checked_out(config, app, app.repository) if app.repository and not app.pending else app
        for app in chosen.values()
    }
    whole = {**config.apps, **ready}
    if stage == elsewhere.PINNED_BY:
        elsewhere.pin_suites(config, [whole[app.name] for app in every])
    return config._replace(apps=whole), [whole[app.name] for app in apps]


def _checked_out(config: Config, app: App, remote: Remote) -> App:
    where = remote.where.removesuffix(".repository")
    checked = run.checkout(remote.where, remote, config.root / HOME / run.HOME)
    top = checked.folder.resolve()
    places = [(top / inside).resolve() for inside in app.inside]
    for key, inside, place in zip(("path", "context"), app.inside, places, strict=True):
        if not place.is_relative_to(top):
            raise Misused(f'{where}.{key}: "{inside}" leaves the repository {remote.url}')
        if not place.is_dir():
            raise Misused(
                f"{where}.{key}: there is no folder {inside} in {remote.url} at {checked.commit[:12]}",
                remedy=f"correct `{key}` or `ref`",
            )
    return app._replace(path=places[0], context=places[1])


def source(config: Config, app: App, *, named: bool = True) -> Source:
    """Where an app's code comes from, by its own repository; of no app, that of apps.toml.

    What the engine saw when it began, else what is here now. named: the app is the one that was asked for,
    which BRANCH, COMMIT and what the engine saw are about; not one that it needs.
    """
    if named and (given := os.environ.get(SOURCE)):
        import json

        return Source(**json.loads(given))
    if not app.name:
        return here(config.root, typed=named)
    if app.repository and not app.path.is_dir():
        why = f"{app.repository.url} was not asked: what was to be done needs no code of {app.name}"
        return Source("no git", NO_GIT, "", "", "", False, why)
    others = [each.path for each in config.apps.values() if each.path != app.path]
    return here(app.path, also=[app.context], apart=others, typed=named)


def about(seen: Source, cluster: Cluster, config: Config) -> dict[str, str]:
    """What a record says about where a run came from and where it went; which toolkit ran it, where that
    is of another repository, and which files of others its configuration is made of."""
    return {
        "commit": seen.commit,
        "branch": seen.branch,
        "version": version(seen),
        "author": seen.author,
        "url": seen.url,
        "system": seen.system,
        "cluster": cluster.name,
        **_toolkit(seen),
        **({"extends": ", ".join(config.extended)} if config.extended else {}),
    }


def about_all(sources: Mapping[str, Source], cluster: Cluster, config: Config) -> dict[str, Any]:
    """The same for a run of several apps: of what is not the same for all of them nothing is said but app by
    app."""
    told = {app: about(seen, cluster, config) for app, seen in sources.items()}
    first, *others = told.values()
    if all(each == first for each in others):
        return dict(first)
    common = {
        key: value if all(each.get(key) == value for each in others) else "" for key, value in first.items()
    }
    return {**common, "apps": {app: {key: each[key] for key in _OWN} for app, each in told.items()}}


def _toolkit(seen: Source) -> dict[str, str]:
    told = revision.of(TOOLKIT, seen.top)
    return {"toolkit": told} if told else {}


def version(seen: Source) -> str:
    """The name of what is deployed: 12 digits of the commit, with -dirty when files differ from it."""
    return f"{seen.commit[:12] or 'uncommitted'}{'-dirty' if seen.dirty else ''}"
