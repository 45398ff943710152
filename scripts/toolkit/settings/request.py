"""What a script was asked to do, and where the run comes from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from toolkit.base import console
from toolkit.ci.origin import Source, here
from toolkit.settings.config import Config
from toolkit.settings.model import App, Cluster, Place

# Set by the engine for the stages it starts: the folder of the run, and that of the stage.
RUN_FOLDER = "PIPELINE_RUN_DIR"
STAGE_FOLDER = "PIPELINE_STAGE_DIR"
SOURCE = "PIPELINE_SOURCE"


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


class Request(_Asked):
    """What a script was asked to do. `named` is false when an app came from "no APP means every app";
    `anything` when a check is to look at whatever version serves."""

    @property
    def root(self) -> Path:
        """The folder that holds apps.toml."""
        return self.config.root

    @cached_property
    def source(self) -> Source:
        """Branch, commit, author and job link of this run."""
        return source(self.config.root)

    @property
    def environment(self) -> str:
        """The name of the environment; "" for a stage that has none."""
        return self.place.environment.name if self.place else ""


def source(root: Path) -> Source:
    """The source of this run: what the engine saw when it began, else what is here now."""
    if given := os.environ.get(SOURCE):
        import json

        return Source(**json.loads(given))
    return here(root)


def about(seen: Source, cluster: Cluster) -> dict[str, str]:
    """What a record says about where a run came from and where it went."""
    return {
        "commit": seen.commit,
        "branch": seen.branch,
        "version": version(seen),
        "author": seen.author,
        "url": seen.url,
        "system": seen.system,
        "cluster": cluster.name,
    }


def version(seen: Source) -> str:
    """The name of what is deployed: 12 digits of the commit, with -dirty when files differ from it."""
    return f"{seen.commit[:12] or 'uncommitted'}{'-dirty' if seen.dirty else ''}"
