"""A web app's blocking work, on threads of its own: a slow disk or database must not hold up the probes."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.exceptions import HTTPException

from fb_platform import logs

T = TypeVar("T")


class WorkPool:
    """Threads for work with a dependency, `what` in sentences. `prepare` is called before each piece of work:
    it makes ready what is not there yet, and is quick from then on. `others`: the exceptions by which work
    says that it is another dependency that does not answer, and what that is called."""

    def __init__(
        self,
        what: str,
        prepare: Callable[[], None] = lambda: None,
        *,
        others: Mapping[type[Exception], str] = {},
        threads: int = 4,
    ) -> None:
        self.what, self.prepare, self.others = what, prepare, others
        self.threads = ThreadPoolExecutor(threads, what)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns; an HTTPException of its own is passed on. HTTPException 503, with a log line,
        when it raises anything else: what it works with does not answer."""

        def prepared() -> T:
            self.prepare()
            return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, prepared)
        except HTTPException:
            raise
        except tuple(self.others) as problem:  # they stand for what a client raised
            raise _away(self.others[type(problem)], problem.__cause__ or problem) from None
        except Exception as problem:  # every driver has its own errors; the caller may try again in any case
            raise _away(self.what, problem) from None


def _away(what: str, problem: BaseException) -> HTTPException:
    logs.error(f"the {what} does not answer", problem)
    return HTTPException(503, f"the {what} does not answer")
