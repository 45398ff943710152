"""The shape of every script: parse, run, report, exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from toolkit.base import console, environment, files, redaction, screen, tools
from toolkit.base.outcome import INCONCLUSIVE, Interrupted, Kind, Misused, Outcome, PipelineError, worst
from toolkit.base.signals import held_back, listen
from toolkit.ci.origin import Source, require_known
from toolkit.runs import words
from toolkit.runs.record import HOME, RUNNING, Record, as_json, write_json
from toolkit.runs.transcript import kept
from toolkit.settings import flags, secrecy
from toolkit.settings.config import Config
from toolkit.settings.flags import ROOT, Arguments, parser, resolve
from toolkit.settings.model import App, Cluster, Place
from toolkit.settings.request import (
    RUN_FOLDER,
    SOURCE,
    STAGE_FOLDER,
    Request,
    about,
    about_all,
    source,
    version,
)

__all__ = ["ROOT", "Request", "about", "caught", "main", "source", "unforeseen", "version"]

Run = Callable[[Request], Outcome]
Together = Callable[[Sequence[Request]], Outcome]


def main(
    run: Run,
    *,
    stage: str,
    help: str,
    app: Literal["one", "all", "none"] = "one",
    place: Literal["one", "optional", "none"] = "none",
    arguments: Arguments | None = None,
    record: bool = True,
    together: Together | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run a script and return its exit code.

    app: "one" needs --app, "all" takes every app when there is none, "none" has no such flag; likewise place.
    A PipelineError becomes its outcome, an interruption 130, anything unforeseen a failure whose traceback is
    kept in a file. With record=False nothing is kept, and a pass says nothing (for scripts that only print);
    several apps then go to `together`, if there is such a thing, and one after the other if not.
    """
    goes_on = record or stage == "pipeline"
    told = f"{stage}: nobody reads its output any more; it goes on, the record is in {HOME}/latest"
    with screen.lasting(told if goes_on else ""):
        try:
            return _main(run, stage, help, app, place, arguments, record, together, argv)
        except (KeyboardInterrupt, PipelineError, OSError) as error:
            # Before there was a record, or because there can be none.
            outcome = caught(error, ROOT / HOME)
            console.report(stage, outcome)
            return outcome.kind.exit_code


def _main(
    run: Run,
    stage: str,
    help: str,
    app: Literal["one", "all", "none"],
    place: Literal["one", "optional", "none"],
    arguments: Arguments | None,
    record: bool,
    together: Together | None,
    argv: Sequence[str] | None,
) -> int:
    options = parser(stage, help, app, place, arguments).parse_args(argv)
    environment.forget(os.environ)
    redaction.register_environment()
    listen()
    config, cluster, apps, where = resolve(options, app, place)
    _require_a_known_commit(config, apps)
    for each in apps if record else ():
        each.require_written()
    words.public(flags.names(config, cluster, os.environ))
    if not getattr(options, "json", False):  # what a program reads
        _say_what_hides_names()
    if record:
        _keep_what_is_needed(stage, config, cluster, apps)
    if getattr(options, "app", "") == "all":
        _say_what_is_left_out(config)
    script = _Script(stage, run, options, config, cluster, where, together)
    named = app == "none" or (bool(options.app) and options.app != "all")
    return script.go(apps, named=named, record=record).kind.exit_code


def _keep_what_is_needed(stage: str, config: Config, cluster: Cluster, apps: list[App]) -> None:
    """Say which secrets the code of an app does not get here: a test that needs one must be told why."""
    taken = secrecy.confine(os.environ, stage, config, cluster, apps)
    if taken and secrecy.OWN in secrecy.ALLOWED.get(stage, ()) and len(apps) == 1:
        console.say(
            f"the code of {apps[0].name} does not see {', '.join(taken)}: "
            f"`variables` of [apps.{apps[0].name}] in {config.file.name} names what it needs"
        )


def _require_a_known_commit(config: Config, apps: list[App]) -> None:
    """COMMIT= is for the apps that are named; where none is, it must be one of apps.toml's or any app's."""
    if not os.environ.get("COMMIT") or os.environ.get(SOURCE):
        return
    for each in apps:
        require_known([each.path], os.environ)
    if not apps:
        require_known([config.root, *(each.path for each in config.apps.values())], os.environ)


def _say_what_hides_names() -> None:
    """Once per run: its stages are started by one that has said it."""
    if os.environ.get(STAGE_FOLDER):
        return
    for name in words.ordinary(os.environ):
        console.say(
            f"WARNING: {name} is masked because of its name, and holds an ordinary word: *** may stand for "
            "that word. A secret should be longer; a variable that holds none should be named otherwise"
        )


def _say_what_is_left_out(config: Config) -> None:
    pending = ", ".join(each.name for each in config.apps.values() if each.pending)
    support = ", ".join(each.name for each in config.apps.values() if each.support and not each.pending)
    if pending:
        console.say(f"Left out, because their code is not here yet: {pending}")
    if support:
        console.say(f"Left out, because they only go where another app needs them: {support}")


class _Script(NamedTuple):
    stage: str
    run: Run
    options: argparse.Namespace
    config: Config
    cluster: Cluster
    place: Place | None
    together: Together | None = None

    def go(self, apps: list[App], *, named: bool, record: bool) -> Outcome:
        apps = apps or [_no_app()]
        if not record:
            outcome = self._unrecorded(apps, named)
        elif folder := os.environ.get(STAGE_FOLDER):
            outcome = self._in_pipeline(apps, Path(folder), named)
        else:
            return self._alone(apps, named)
        if outcome.reason and (record or not outcome.passed):
            console.report(self.stage, outcome)
        return outcome

    def _unrecorded(self, apps: list[App], named: bool) -> Outcome:
        """A script that only prints, or that keeps records of its own."""
        if self.together and len(apps) > 1:
            requests = [self._request(app, self.config.root / HOME, "", named) for app in apps]
            together = self.together
            return _kept(lambda: together(requests), self.config.root / HOME)
        outcomes = []
        for app in apps:
            outcomes.append(self._guarded(self._request(app, self.config.root / HOME, "", named), ""))
            if outcomes[-1].kind is Kind.INTERRUPTED:
                break
        return worst(outcomes)

    def _in_pipeline(self, apps: list[App], folder: Path, named: bool) -> Outcome:
        """Started by the engine: it keeps the record, this process only leaves its outcome beside it."""
        run = Path(os.environ.get(RUN_FOLDER, folder)).name
        outcome = worst(self._guarded(self._request(app, folder, run, named), app.name) for app in apps)
        write_json(folder / "outcome.json", as_json(outcome))
        return outcome

    def _alone(self, apps: list[App], named: bool) -> Outcome:
        """Started by a person or a CI job: a run of its own."""
        seen = {app.name: source(self.config, app) for app in apps}
        name = ",".join(app.name for app in apps) if named and apps[0].name else "all"
        whole = Record.start(self.config.root, name, **about_all(seen, self.cluster))
        try:
            return self._recorded(whole, apps, named, seen)
        except (
            KeyboardInterrupt,
            files.CannotWrite,
        ) as error:  # between two steps, or no room for the record
            whole.forgiving = True
            outcome = caught(error, whole.folder)
            for entry in whole.stages:
                if entry["outcome"] == RUNNING:
                    whole.end(entry, outcome)
            console.report(self.stage, outcome)
            whole.finish(outcome)
            return outcome

    def _recorded(self, whole: Record, apps: list[App], named: bool, seen: Mapping[str, Source]) -> Outcome:
        outcomes = []
        for app in apps:
            outcomes.append(self._one_stage(whole, app, named, seen[app.name], several=len(apps) > 1))
            if outcomes[-1].kind is Kind.INTERRUPTED:
                break
        everything = worst(outcomes)
        if self.place and not named and everything.passed and not any(each.details for each in outcomes):
            # Only an app that is not there leaves nothing to tell: a check of nothing must not pass.
            everything = Outcome(
                Kind.FAILED,
                f"nothing that {self.stage} could check is deployed in {self.place.word}",
                remedy=f"make deploy APP=<app> ENV={self.place.word}",
            )
            console.report(self.stage, everything)
        whole.finish(everything)
        return everything

    def _one_stage(self, whole: Record, app: App, named: bool, seen: Source, *, several: bool) -> Outcome:
        name = f"{self.stage}-{self.place.word}" if self.place else self.stage
        stage = f"{name}-{app.name}" if several else name
        entry = whole.begin(stage, self.stage, self.place.environment.name if self.place else None)
        started = time.monotonic()
        log = whole.log_of(stage)
        with kept(log):
            request = self._request(app, whole.folder_of(stage), whole.data["run"], named, seen)
            outcome = self._guarded(request, app.name)
            seconds = time.monotonic() - started
            with held_back():
                console.report(f"{app.name} {name}".strip(), outcome, log=log, seconds=seconds)
                whole.end(entry, outcome)
        return outcome

    def _request(
        self, app: App, evidence: Path, run: str, named: bool, seen: Source | None = None
    ) -> Request:
        spaces = app.spaces_in(self.place) if self.place and app.name else ()
        anything = getattr(self.options, "any_version", False) and STAGE_FOLDER not in os.environ
        given = (self.config, self.cluster, app, self.place, spaces, self.options, evidence, run, named)
        return Request(*given, anything=anything, seen=seen)

    def _guarded(self, request: Request, name: str) -> Outcome:
        """Run it; whatever happens becomes an outcome."""

        def work() -> Outcome:
            if name and request.place and not request.spaces:
                if request.named:
                    raise Misused(
                        f"{name} has no space in {request.place.word}",
                        remedy=f"[apps.{name}] in apps.toml says where it goes",
                    )
                return Outcome(reason=f"{name} does not go to {request.place.word}")
            return self.run(request)

        return _kept(work, request.evidence)


def _kept(work: Callable[[], Outcome], evidence: Path) -> Outcome:
    try:
        return work()
    except (KeyboardInterrupt, Exception) as error:
        return caught(error, evidence)


def caught(error: BaseException, evidence: Path) -> Outcome:
    """What ended a script, as its outcome; the traceback of what nobody foresaw goes to the folder."""
    if isinstance(error, KeyboardInterrupt | Interrupted):
        tools.stop_all()
        return Outcome(Kind.INTERRUPTED, getattr(error, "reason", "it was interrupted (Ctrl-C)"))
    if isinstance(error, PipelineError):
        return error.outcome
    if isinstance(error, OSError) and (known := files.of_disk(error)):
        return known.outcome
    return unforeseen(error, evidence)


def _no_app() -> App:
    return App(name="", title="", priority=0, path=ROOT, namespace="", service="")


def unforeseen(error: BaseException, folder: Path) -> Outcome:
    """The outcome of an error in the toolkit itself; its traceback is kept in the folder."""
    import traceback

    file = folder / "traceback.txt"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(redaction.redact("".join(traceback.format_exception(error))), encoding="utf-8")
    return Outcome(
        Kind.FAILED,
        f"an error that nobody foresaw: {type(error).__name__}: {redaction.redact(str(error))}",
        remedy=f"please report it with {console.shown(file)}",
        details={INCONCLUSIVE: True},
    )
