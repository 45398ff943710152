"""The flags that every script has, and what they name in apps.toml."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from toolkit.base.outcome import Misused, worst
from toolkit.settings.config import Config
from toolkit.settings.files import finding
from toolkit.settings.model import App, Cluster, Place
from toolkit.settings.names import STAGES
from toolkit.settings.tables.refs import address
from toolkit.typed import advice

ROOT = Path(__file__).resolve().parents[3]
WIDTH = 78

Arguments = Callable[[argparse.ArgumentParser], None]


def parser(
    stage: str, help: str, app: str, place: str, arguments: Arguments | None
) -> argparse.ArgumentParser:
    """A script's flags; the rules for app and place are those of command.main."""
    # A given width: asking for the terminal's loads shutil and all its archive formats at every start.
    formatter = partial(argparse.HelpFormatter, width=WIDTH)
    made = argparse.ArgumentParser(
        prog=advice.program(Path(sys.argv[0]).name, stage), description=help, formatter_class=formatter
    )
    if app != "none":
        every = "; default: every app" if app == "all" else ""
        made.add_argument("--app", metavar="APP", default="", help=f'an app of apps.toml, or "all"{every}')
    if place != "none":
        made.add_argument("--env", metavar="ENV", default="", help="an environment or one of its spaces")
    made.add_argument(
        "--cluster", metavar="NAME", default=os.environ.get("CLUSTER"), help="default: apps.toml's"
    )
    made.add_argument("--config", metavar="FILE", type=Path, default=_found(), help="default: %(default)s")
    if arguments:
        arguments(made)
    return made


def _found() -> Path:
    """The configuration that is meant where none is named."""
    try:
        here = Path.cwd()
    except OSError:  # it was removed
        here = ROOT
    return finding.find(here, os.environ, ROOT / "apps.toml")


def resolve(
    options: argparse.Namespace, app: str, place: str
) -> tuple[Config, Cluster, list[App], Place | None]:
    """What the flags name. Raises one Misused for all that is wrong with them."""
    config = Config.load(options.config)
    problems: list[Misused] = []
    apps: list[App] = []
    where: Place | None = None
    cluster: Cluster | None = None
    own = [each.name for each in config.apps.values() if not each.common]
    if app == "one" and not options.app and len(own) == 1:
        options.app = own[0]  # in an app's own repository nobody has to name it
    try:
        apps = _apps(config, getattr(options, "app", ""), app)
    except Misused as error:
        problems.append(error)
    try:
        where = _place(config, getattr(options, "env", ""), place)
    except Misused as error:
        problems.append(error)
    try:
        cluster = config.cluster(options.cluster)
    except Misused as error:
        problems.append(error)
    if problems or cluster is None:
        everything = worst(problem.outcome for problem in problems)
        raise Misused(everything.reason, remedy=everything.remedy)
    return config, cluster, apps, where


def names(config: Config, cluster: Cluster, environ: Mapping[str, str]) -> Iterator[str]:
    """The names of apps.toml that stand in plans, records and addresses, and the address of the registry."""
    for app in config.apps.values():
        yield from (app.name, app.main_branch, *app.images)
        for image in app.images.values():
            yield from (image.repository, address(image.registry, environ))
        yield from (space for spaces in app.spaces.values() for space in spaces)
    for environment in config.environments.values():
        yield from (environment.name, *environment.spaces)
        yield from (f"{stage}-{environment.name}" for stage in STAGES)
    yield from (*config.clusters, *STAGES)
    yield address(cluster.registry, environ)


def _apps(config: Config, word: str, rule: str) -> list[App]:
    if rule == "none":
        return []
    if word == "all" or (rule == "all" and not word):
        return [
            app
            for app in config.apps.values()
            if not (app.common or app.pending or (app.support and word == "all"))
        ]
    if not word:
        raise Misused("APP is missing", remedy=f"apps: {', '.join(config.apps)}")
    return [config.app(name) for name in word.split(",")]


def _place(config: Config, word: str, rule: str) -> Place | None:
    if word:
        return config.place(word)
    if rule == "one":
        known = [
            *config.environments,
            *(space for each in config.environments.values() for space in each.spaces),
        ]
        raise Misused("ENV is missing", remedy=f"environments and spaces: {', '.join(known)}")
    return None


def any_version(parser: argparse.ArgumentParser) -> None:
    """The flag of a check that looks at whatever version serves, even in a CI job."""
    parser.add_argument(
        "--any-version",
        action="store_true",
        default=os.environ.get("ANY_VERSION", "") not in ("", "0"),
        help="in a CI job too, look at whatever version serves (ANY_VERSION=1)",
    )
