"""A web app's blocking work, on threads of its own: a slow disk or database must not hold up the probes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.exceptions import HTTPException

from fb_platform import logs

T = TypeVar("T")


class WorkPool:
    """Threads for work with a dependency, `what` in sentences. `prepare` is called before each piece of work:
    it makes ready what is not there yet, and is quick from then on."""

    def __init__(self, what: str, prepare: Callable[[], None] = lambda: None, threads: int = 4) -> None:
        self.what, self.prepare = what, prepare
        self.threads = ThreadPoolExecutor(threads, what)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns. HTTPException 503, with a log line, when it raises: `what` does not answer."""

        def prepared() -> T:
            self.prepare()
            return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, prepared)
        except Exception as problem:  # every driver has its own errors; the caller may try again in any case
            logs.error(f"the {self.what} does not answer", problem)
            raise HTTPException(503, f"the {self.what} does not answer") from None
