"""The shape of every script: parse, run, report, exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Literal, NamedTuple, NoReturn

from toolkit import console, redaction, tools
from toolkit.config import Config
from toolkit.flags import ROOT, Arguments, parser, resolve
from toolkit.model import App, Cluster, Place
from toolkit.outcome import Interrupted, Kind, Misused, Outcome, PipelineError, worst
from toolkit.record import Record, as_json, write_json
from toolkit.request import RUN_FOLDER, STAGE_FOLDER, Request, about, source, version
from toolkit.transcript import kept

__all__ = ["ROOT", "Request", "about", "main", "source", "version"]

Run = Callable[[Request], Outcome]


def main(
    run: Run,
    *,
    stage: str,
    help: str,
    app: Literal["one", "all", "none"] = "one",
    place: Literal["one", "optional", "none"] = "none",
    arguments: Arguments | None = None,
    record: bool = True,
    argv: Sequence[str] | None = None,
) -> int:
    """Run a script and return its exit code.

    app: "one" needs --app, "all" takes every app when there is none, "none" has no such flag; likewise place.
    A PipelineError becomes its outcome, an interruption 130, anything unforeseen a failure whose traceback is
    kept in a file. With record=False nothing is kept, and a pass says nothing (for scripts that only print).
    """
    options = parser(help, app, place, arguments).parse_args(argv)
    redaction.register_environment()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        config, cluster, apps, where = resolve(options, app, place)
        for each in apps if record else ():
            each.require_written()
    except PipelineError as error:
        console.report(stage, error.outcome)
        return error.kind.exit_code
    if getattr(options, "app", "") == "all":
        pending = ", ".join(each.name for each in config.apps.values() if each.pending)
        console.say(f"Left out, because their code is not here yet: {pending}") if pending else None
    script = _Script(stage, run, options, config, cluster, where)
    named = app == "none" or (bool(options.app) and options.app != "all")
    return script.go(apps, named=named, record=record).kind.exit_code


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted("it was told to stop (SIGTERM)")


class _Script(NamedTuple):
    stage: str
    run: Run
    options: argparse.Namespace
    config: Config
    cluster: Cluster
    place: Place | None

    def go(self, apps: list[App], *, named: bool, record: bool) -> Outcome:
        if not record:
            outcome = worst(
                self._guarded(self._request(app, ROOT, "", named), "") for app in apps or [_no_app()]
            )
            if outcome.reason and not outcome.passed:
                console.report(self.stage, outcome)
            return outcome
        if folder := os.environ.get(STAGE_FOLDER):
            return self._in_pipeline(apps, Path(folder), named)
        return self._alone(apps, named)

    def _in_pipeline(self, apps: list[App], folder: Path, named: bool) -> Outcome:
        """Started by the engine: it keeps the record, this process only leaves its outcome beside it."""
        run = Path(os.environ.get(RUN_FOLDER, folder)).name
        outcome = worst(
            self._guarded(self._request(app, folder, run, named), app.name) for app in apps or [_no_app()]
        )
        write_json(folder / "outcome.json", as_json(outcome))
        console.report(self.stage, outcome)
        return outcome

    def _alone(self, apps: list[App], named: bool) -> Outcome:
        """Started by a person or a CI job: a run of its own."""
        seen = source(self.config.root)
        whole = Record.start(
            self.config.root,
            ",".join(app.name for app in apps) if named and apps else "all",
            **about(seen, self.cluster),
        )
        outcomes = []
        for app in apps or [_no_app()]:
            name = self.stage if not self.place else f"{self.stage}-{self.place.word}"
            stage = name if len(apps) < 2 else f"{name}-{app.name}"
            entry = whole.begin(stage, self.stage, self.place.environment.name if self.place else None)
            started = time.monotonic()
            with kept(whole.log_of(stage)):
                outcome = self._guarded(
                    self._request(app, whole.folder_of(stage), whole.data["run"], named), app.name
                )
                title = f"{app.name} {name}".strip()
                log = whole.log_of(stage)
                console.report(title, outcome, log=log, seconds=time.monotonic() - started)
            whole.end(entry, outcome)
            outcomes.append(outcome)
            if outcome.kind is Kind.INTERRUPTED:
                break
        everything = worst(outcomes)
        whole.finish(everything)
        return everything

    def _request(self, app: App, evidence: Path, run: str, named: bool) -> Request:
        spaces = app.spaces_in(self.place) if self.place and app.name else ()
        return Request(self.config, self.cluster, app, self.place, spaces, self.options, evidence, run, named)

    def _guarded(self, request: Request, name: str) -> Outcome:
        """Run it; whatever happens becomes an outcome."""
        try:
            if name and request.place and not request.spaces:
                if request.named:
                    raise Misused(
                        f"{name} has no space in {request.place.word}",
                        remedy=f"[apps.{name}] in apps.toml says where it goes",
                    )
                return Outcome(reason=f"{name} does not go to {request.place.word}")
            return self.run(request)
        except (KeyboardInterrupt, Interrupted) as error:
            tools.stop_all()
            return Outcome(Kind.INTERRUPTED, getattr(error, "reason", "it was interrupted (Ctrl-C)"))
        except PipelineError as error:
            return error.outcome
        except Exception as error:
            return _unforeseen(error, request.evidence)


def _no_app() -> App:
    return App(name="", title="", priority=0, path=ROOT, namespace="", service="")


def _unforeseen(error: Exception, folder: Path) -> Outcome:
    import traceback

    file = folder / "traceback.txt"
    with contextlib.suppress(OSError):
        file.write_text(redaction.redact("".join(traceback.format_exception(error))), encoding="utf-8")
    return Outcome(
        Kind.FAILED,
        f"an error that nobody foresaw: {type(error).__name__}: {redaction.redact(str(error))}",
        remedy=f"please report it with {console.shown(file)}",
    )
