"""A stage with all that its commands need: code that is prepared, their environment, services beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from toolkit.base.outcome import Outcome, PipelineError
from toolkit.settings.request import Request

Run = Callable[[Request], Outcome]


def prepared(run: Run, *, with_services: bool = False) -> Run:
    """The same stage of an app in whichever language, for what its table asks for before and around it."""

    def whole(request: Request) -> Outcome:
        app = request.app
        app.require_code()
        if app.ways.is_empty:
            return run(request)
        from toolkit.preparing import prepared, services  # only what has something to do pays for it

        env = prepared.environment(request, app.ways, app.path)
        if not (with_services and app.ways.services):
            with _told(env):
                return run(request)
        with services.running(request, app.ways.services, env) as served, _told({**env, **served.env}):
            try:
                outcome = run(request)
            except PipelineError as error:
                outcome = error.outcome
            return served.judged(outcome)

    return whole


@contextmanager
def _told(env: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, all that is started gets this environment: a stage runs one command at a time."""
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
