"""How a run looks while it goes: live on a terminal, plain and foldable in a log."""

from __future__ import annotations

import time
from typing import Any, Protocol

from toolkit.base import console
from toolkit.base.outcome import Kind
from toolkit.base.redaction import redact
from toolkit.ci import origin
from toolkit.pipeline.plan import Plan, Stage

HEARTBEAT = 30.0  # CI systems take a silent job for a hung one


class View(Protocol):
    """What the engine tells."""

    def started(self, stage: Stage, why: str) -> None:
        """A stage began; why, if that deserves a word."""

    def line(self, stage: Stage, text: str) -> None:
        """A stage printed a line."""

    def ended(self, stage: Stage, entry: dict[str, Any], log: str) -> None:
        """A stage ended; log is everything that it printed."""

    def tick(self) -> None:
        """Time passed."""

    def close(self) -> None:
        """The run ended."""


def one_line(stage: Stage, entry: dict[str, Any], app: str = "") -> str:
    """A stage's end in one line; app where several are told of."""
    kind = Kind(entry["outcome"])
    reused = f" (reused from {entry['reused']})" if entry.get("reused") else ""
    took = "" if reused else f" in {console.clock(entry['seconds'] or 0)}"
    reason = f": {entry['reason']}" if entry["reason"] else ""
    return f"{console.mark(kind)} {f'{app} ' if app else ''}{stage.id} {kind.value}{took}{reused}{reason}"


class Plain:
    """For logs: a line when a stage begins and ends, its output in one piece in a section that folds.

    Where several runs write one log each has its app, which its lines begin with.
    """

    def __init__(self, system: str, app: str = "") -> None:
        self._system = system
        self._app = app
        self._prefix = f"{app} " if app else ""
        self._since: dict[str, float] = {}
        self._last: dict[str, str] = {}
        self._spoke = time.monotonic()

    def _say(self, text: str) -> None:
        self._spoke = time.monotonic()
        console.say(text)

    def started(self, stage: Stage, why: str) -> None:
        """A stage began."""
        self._since[stage.id] = time.time()
        self._say(f"… {self._prefix}{stage.id}: {stage.about}{f', because {why}' if why else ''}")

    def line(self, stage: Stage, text: str) -> None:
        """Kept for the heartbeat; the output itself is printed when the stage ends."""
        self._last[stage.id] = text

    def ended(self, stage: Stage, entry: dict[str, Any], log: str) -> None:
        """The output and the result, in one piece."""
        began = self._since.pop(stage.id, time.time())
        opening, closing = origin.foldable(
            self._system, f"{self._prefix}{stage.id} output", began, time.time()
        )
        said = [one_line(stage, entry, self._app)]
        if log and opening:
            said = [opening, log.rstrip("\n"), closing, *said]
        elif log and (stage.always or stage.undoes or entry["outcome"] != Kind.PASSED):
            said = [log.rstrip("\n"), *said]
        self._say("\n".join(said))

    def tick(self) -> None:
        """Say what is still going on, when nothing was said for a while."""
        if self._since and time.monotonic() - self._spoke > HEARTBEAT:
            for id, began in self._since.items():
                took = console.clock(time.time() - began)
                self._say(f"… {self._prefix}{id}: {took}, {self._last.get(id, 'no output yet')}")

    def close(self) -> None:
        """Nothing is open."""


class Live:
    """For terminals: one moving line per running stage with its newest output, finished ones above."""

    def __init__(self, plan: Plan) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._console = Console(highlight=False)
        self._live = RichLive(
            console=self._console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._since: dict[str, float] = {}
        self._last: dict[str, str] = {}
        self._width = max(len(stage.id) for stage in plan.stages)
        self._live.start()

    def started(self, stage: Stage, why: str) -> None:
        """A stage began; why it did stays on the screen."""
        self._since[stage.id] = time.monotonic()
        if why:
            self._live.console.print(f"… {stage.id}: {stage.about}, because {why}", soft_wrap=True)
        self.tick()

    def line(self, stage: Stage, text: str) -> None:
        """The newest output of a stage."""
        if text.strip():
            self._last[stage.id] = text.strip()

    def ended(self, stage: Stage, entry: dict[str, Any], log: str) -> None:
        """Its result stays on the screen; so does what an always-stage printed, it is meant to be read."""
        from rich.text import Text

        self._since.pop(stage.id, None)
        if stage.always:
            self._live.console.print(Text.from_ansi(log.rstrip("\n")), soft_wrap=True)
        self._live.console.print(Text.from_ansi(redact(one_line(stage, entry))), soft_wrap=True)
        self.tick()

    def tick(self) -> None:
        """Draw the running stages."""
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid(padding=(0, 1), expand=True)
        rows.add_column(min_width=self._width + 2, no_wrap=True)
        rows.add_column(justify="right", min_width=12, no_wrap=True)
        rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis", style="dim")
        for id, began in self._since.items():
            rows.add_row(
                f"… {id}", console.clock(time.monotonic() - began), Text.from_ansi(self._last.get(id, ""))
            )
        self._live.update(rows)

    def close(self) -> None:
        """Leave the screen as a plain terminal."""
        self._live.update("")
        self._live.stop()


def choose(plan: Plan, system: str) -> View:
    """Live on a terminal, plain anywhere else."""
    return Live(plan) if console.colourful() else Plain(system)
