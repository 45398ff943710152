"""A web app's database work, on threads of its own: a slow database must not keep the probes waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.exceptions import HTTPException

from fb_platform import logs

T = TypeVar("T")


class DatabasePool:
    """`prepare` is called before all work; it creates the tables the first time and is quick from then on."""

    def __init__(self, prepare: Callable[[], None], threads: int = 4) -> None:
        self.prepare = prepare
        self.threads = ThreadPoolExecutor(threads, "database")

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns. HTTPException 503, with a log line, when the database does not answer."""

        def prepared() -> T:
            self.prepare()
            return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, prepared)
        except Exception as problem:  # every driver has its own errors; the caller may try again in any case
            logs.error("the database does not answer", problem)
            raise HTTPException(503, "the database does not answer") from None
