"""What unit tests need beside them: started before, ready before they begin, ended whatever happens."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Failed, Outcome, PipelineError, TimedOut
from toolkit.base.signals import held_back
from toolkit.checks import commands
from toolkit.preparing import ports
from toolkit.preparing.kept import Kept

if TYPE_CHECKING:
    from toolkit.settings.model import Service
    from toolkit.settings.request import Request

READY_SECONDS = 10.0
"""How long one question whether it is ready may take."""
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
JUST_ENDED_SECONDS = 0.5
"""How long a service that tests may have failed without is given to be seen as ended."""
_EVIDENCE = 12


class Served(NamedTuple):
    """Services that are ready: what the tests are told, and the services by their names."""

    env: dict[str, str]
    every: Mapping[str, Kept]

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome of the tests, with what may be why they failed: a service that was gone."""
        if outcome.passed:
            return outcome
        deadline = time.monotonic() + JUST_ENDED_SECONDS
        while time.monotonic() < deadline and all(each.look() is None for each in self.every.values()):
            time.sleep(POLL_SECONDS)
        gone = {name: each for name, each in self.every.items() if each.look() is not None and each.is_missed}
        if not gone:
            return outcome
        said = [
            f"the service {name} ended with exit code {each.code} meanwhile" for name, each in gone.items()
        ]
        lines = [line for each in gone.values() for line in each.tail(_EVIDENCE)]
        return outcome._replace(
            reason="; ".join([outcome.reason, *said]), evidence=(*outcome.evidence, *lines)
        )


@contextmanager
def running(request: Request, services: Mapping[str, Service], env: Mapping[str, str]) -> Iterator[Served]:
    """All of them, ready; env is what every command of the app gets. Each has a port and a folder of its own.

    Raises Misused for a program that is missing, Failed with its last lines for a service that ends before it
    is ready, TimedOut for one that is not ready by its deadline.
    """
    with ExitStack() as stack:
        told: dict[str, str] = {}
        every: dict[str, Kept] = {}
        for name, service in services.items():
            one = _Starting(request, name, service, {**env, **told})
            every[name] = one.go(stack)
            told |= one.env
        yield Served(told, every)


class _Starting:
    def __init__(self, request: Request, name: str, service: Service, env: Mapping[str, str]) -> None:
        self.request, self.name, self.service = request, name, service
        self.port, self.folder = ports.free(), ""
        values = commands.placeholders(request)
        more = {"port": lambda: str(self.port), "folder": lambda: self.folder}
        self.values: dict[str, Callable[[], str]] = {**values, **more}
        self.before = env
        self.env: dict[str, str] = {}

    def go(self, stack: ExitStack) -> Kept:
        """Start it, and wait until it serves; the stack ends it."""
        app = self.request.app
        with held_back():  # a signal must not come between its start and the note that it has to end
            self.folder = tempfile.mkdtemp(prefix="fb-")
            self.env = {name: self._words([text])[0] for name, text in self.service.env.items()}
            argv = commands.located(self._words(self.service.start))
            kept = Kept(argv, app.path, {**os.environ, **self.before, **self.env}, self.folder)
            kept.is_missed = not self.service.stop
            stack.callback(self._end, kept)
        self.request.say(f"started {self.name}: {tools.quoted(argv)}")
        self._await(kept)
        return kept

    def _await(self, kept: Kept) -> None:
        deadline = time.monotonic() + self.service.deadline
        while True:
            code = kept.look()
            if code is not None and (code != 0 or not self.service.stop):
                raise Failed(
                    f"the service {self.name} ended with exit code {code} before it was ready",
                    remedy=f"its last lines say why; services.{self.name} in apps.toml is how it is started",
                    evidence=kept.tail(_EVIDENCE),
                )
            left = deadline - time.monotonic()
            # One that has ended may not be taken for ready because of somebody else's answer.
            if self._is_ready(max(left, 0.1)) and (self.service.stop or kept.look() is None):
                return
            if left <= 0:
                raise TimedOut(
                    f"the service {self.name} was not ready within {self.service.deadline:g} s",
                    remedy=f"raise services.{self.name}.deadline in apps.toml, or see its last lines",
                    evidence=kept.tail(_EVIDENCE),
                )
            time.sleep(POLL_SECONDS)

    def _is_ready(self, seconds: float) -> bool:
        if self.service.ready:
            return self._run(self.service.ready, min(seconds, READY_SECONDS)) == 0
        texts = [*self.service.start, *self.service.env.values()]
        return ports.answers(self.port) if any("{port}" in text for text in texts) else True

    def _run(self, words: tuple[str, ...], seconds: float) -> int | None:
        """The exit code; None for one that took too long."""
        argv = commands.located(self._words(words))
        env = {**self.before, **self.env}
        try:
            return tools.run(
                argv, cwd=self.request.app.path, env=env, check=False, timeout=seconds, echo=False
            ).code
        except TimedOut:
            return None

    def _end(self, kept: Kept) -> None:
        try:
            if self.service.stop:
                code = self._run(self.service.stop, STOP_SECONDS)
                if code != 0:
                    self.request.say(f"WARNING: `stop` of {self.name} did not end well: it is ended without")
        except PipelineError as error:
            self.request.say(f"WARNING: {self.name} is ended without its `stop`: {error.reason}")
        finally:
            kept.end()
            log = self.request.evidence / f"service-{self.name}.log"
            log.write_text(kept.output(), encoding="utf-8")

    def _words(self, words: tuple[str, ...] | list[str]) -> list[str]:
        return commands.expand(words, self.values)
