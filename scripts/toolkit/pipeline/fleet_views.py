"""How several runs look while they go: on a terminal a line per app, in a log each line names its app."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from toolkit.base import console
from toolkit.base.redaction import redact
from toolkit.pipeline.plan import Plan, Stage
from toolkit.pipeline.views import Plain, View, one_line


class Screen(Protocol):
    """Gives each run its view."""

    def lane(self, app: str, plan: Plan) -> View:
        """The view of one app's run."""


class Log:
    """Plain lines, one at a time."""

    def __init__(self, system: str) -> None:
        self._system = system

    def lane(self, app: str, _plan: Plan) -> View:
        """Plain lines that begin with the app."""
        return Plain(self._system, app)


class Terminal:
    """One moving line per app: how far it is, what it does and the newest output; results above."""

    def __init__(self, width: int) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(
            console=Console(highlight=False),
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._width = width
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}
        self._live.start()

    def lane(self, app: str, plan: Plan) -> View:
        """The app's line."""
        self._lanes[app] = made = Lane(self, app, len(plan.stages))
        return made

    def print(self, text: str) -> None:
        """Something that stays."""
        from rich.text import Text

        with self._lock:
            self._live.console.print(Text.from_ansi(redact(text)), soft_wrap=True)

    def draw(self) -> None:
        """Every app's line as it is now."""
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            rows = Table.grid(padding=(0, 1), expand=True)
            rows.add_column(min_width=self._width + 2, no_wrap=True)
            rows.add_column(justify="right", min_width=5, no_wrap=True)
            rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
            for app, lane in self._lanes.items():
                if not lane.closed:
                    rows.add_row(f"… {app}", f"{lane.done}/{lane.stages}", Text.from_ansi(lane.doing()))
            self._live.update(rows)

    def close(self) -> None:
        """Leave the screen as a plain terminal."""
        self._live.update("")
        self._live.stop()


class Lane:
    """The view of one run on a terminal that it shares."""

    def __init__(self, terminal: Terminal, app: str, stages: int) -> None:
        self.app, self.stages, self.done, self.closed = app, stages, 0, False
        self._terminal = terminal
        self._since: dict[str, float] = {}
        self._last: dict[str, str] = {}  # what each running stage said last, the newest at the end

    def doing(self) -> str:
        """The stages that run, for how long, and the newest output of one of them."""
        now = time.monotonic()
        going = ", ".join(f"{id} {console.clock(now - began)}" for id, began in [*self._since.items()])
        newest = next(reversed([*self._last.values()]), "")
        return f"{going}  {newest}" if going else "waits for its turn"

    def started(self, stage: Stage, why: str) -> None:
        """A stage began; why it did stays on the screen."""
        self._since[stage.id] = time.monotonic()
        if why:
            self._terminal.print(f"… {self.app} {stage.id}: {stage.about}, because {why}")
        self._terminal.draw()

    def line(self, stage: Stage, text: str) -> None:
        """The newest output."""
        if text.strip():
            self._last.pop(stage.id, None)
            self._last[stage.id] = text.strip()

    def ended(self, stage: Stage, entry: dict[str, Any], log: str) -> None:
        """Its result stays on the screen; so does what an always-stage printed."""
        self._since.pop(stage.id, None)
        self._last.pop(stage.id, None)
        self.done += 1
        if stage.always:
            self._terminal.print(log.rstrip("\n"))
        self._terminal.print(one_line(stage, entry, self.app))
        self._terminal.draw()

    def tick(self) -> None:
        """Time passed."""
        self._terminal.draw()

    def close(self) -> None:
        """The run ended; the others go on."""
        self.closed = True
        self._terminal.draw()


@contextmanager
def choose(system: str, width: int) -> Iterator[Screen]:
    """Live on a terminal, plain anywhere else; `width`: of the longest app's name."""
    if not console.colourful():
        yield Log(system)
        return
    terminal = Terminal(width)
    try:
        yield terminal
    finally:
        terminal.close()
