"""The worker process: takes submissions off the queue and delivers them, several at a time.

It asks the queue for work ten times a second: one indexed statement, a millisecond per second of an idle
worker's processor time, and the same on SQLite and PostgreSQL.
"""

import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
from fb_platform import logs
from fb_platform.process import started, work
from fb_platform.settings import SettingError, number, setting
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from submitter import settings, submission
from submitter.collaborators import Collaborators
from submitter.delivery import Delivery, MailServer, Stopping
from submitter.queue import Queue, Queued

POLL = 0.1  # seconds
DATABASE_RETRY = 2.0  # seconds
PURGE = 600.0  # seconds

T = TypeVar("T")


class Worker:
    """Runs until `stop` is called, then finishes the step it is at and hands back the rest."""

    def __init__(
        self, queue: Queue, others: Collaborators, mail: MailServer, key: str, threads: int = 4
    ) -> None:
        self.queue, self.others, self.mail, self.key, self.threads = queue, others, mail, key, threads
        self.name = f"{socket.gethostname()}/{uuid.uuid4()}"
        self.stopping = threading.Event()
        self.failures = 0  # of the database, since the start
        self.hands: set[str] = set()  # ids of the submissions that a thread is at
        self.lock = threading.Lock()  # for what changes the queue and `hands` in one step

    def stop(self) -> None:
        self.stopping.set()

    def run(self) -> None:
        """Work until stopped. Outages of the database and of collaborators are waited out."""
        finished = threading.Event()
        chores = threading.Thread(target=self._chores, args=(finished,), name="chores")
        chores.start()
        free = threading.Semaphore(self.threads)
        with ThreadPoolExecutor(self.threads, "delivery") as pool:
            while not self.stopping.is_set():
                if not free.acquire(timeout=POLL):
                    continue
                item = self._claim()
                if item is None:
                    free.release()
                    self.stopping.wait(POLL)
                    continue
                pool.submit(self._process, item).add_done_callback(lambda _: free.release())
        finished.set()
        chores.join()

    def _claim(self) -> Queued | None:
        try:
            if not self.queue.prepared:
                self.queue.ping()
                logs.info("working", threads=self.threads)
            with self.lock:
                item = self.queue.claim(self.name)
                if item is None or item.id in self.hands:
                    return None  # its lease ran out under one of our threads: claimed, it has a new one
                self.hands.add(item.id)
                return item
        except Exception as problem:
            self.failures += 1
            logs.error("the database does not answer", problem)
            self.stopping.wait(DATABASE_RETRY)
            return None

    def _process(self, item: Queued) -> None:
        about: dict[str, Any] = {
            "submission": item.id,
            "service": item.service,
            "request_id": item.request_id,
        }
        try:
            plain = submission.parse(submission.decrypt(item.encrypted_submission, self.key))
            attempt = Delivery(item, plain, self.queue, self.others, self.mail, self.stopping)
            failed = attempt.run()
            if not failed:
                self._let_go(item, lambda: self.queue.delivered(item))
                logs.info("delivered", attempts=item.attempts, **about)
                return
            for action, problem in failed:
                logs.warning("an action failed", problem, action=action, status=_status(problem), **about)
            delay = self._let_go(item, lambda: self.queue.retry(item, self.name))
            if delay is None:
                logs.error("given up: kept as failed", attempts=item.attempts, **about)
            else:
                logs.warning("will be tried again", seconds=delay, attempts=item.attempts, **about)
        except Stopping:
            self._let_go(item, lambda: self.queue.release(item, self.name))
        except Exception as problem:
            # the database is away or the key has changed: the lease runs out and the submission is claimed
            # again
            logs.error("could not be processed", problem, **about)
        finally:
            self.hands.discard(item.id)

    def _let_go(self, item: Queued, how: Callable[[], T]) -> T:
        """Give a submission back to the queue, which may give it to us again at once."""
        with self.lock:
            found = how()
            self.hands.discard(item.id)
        return found

    def _chores(self, finished: threading.Event) -> None:
        """Renew the leases of what is in hand, drop old lines."""
        purged = -PURGE
        while not finished.wait(self.queue.lease / 3):
            try:
                for submission in tuple(self.hands):
                    self.queue.renew(self.name, submission)
                if time.monotonic() - purged > PURGE:
                    self.queue.purge()
                    purged = time.monotonic()
            except Exception as problem:
                logs.error("the database does not answer", problem)


def _status(problem: Exception) -> int | None:
    """The code that a web or mail server answered with, the one part of its answer that is never personal."""
    if isinstance(problem, httpx.HTTPStatusError):
        return problem.response.status_code
    return getattr(problem, "smtp_code", None)


def build() -> Worker:
    """The worker, from the environment."""
    try:
        key = RSAKey.import_key(setting("SUBMITTER_PRIVATE_KEY"))
    except (JoseError, ValueError):
        raise SettingError("SUBMITTER_PRIVATE_KEY is not a private key in PEM") from None
    mail = MailServer(
        setting("SMTP_HOST"),
        int(number("SMTP_PORT", 25)),
        setting("SMTP_USERNAME", ""),
        setting("SMTP_PASSWORD", ""),
        setting("SMTP_STARTTLS", "no") == "yes",
    )
    return Worker(
        Queue(settings.database()),
        Collaborators(setting("PDF_GENERATOR_ROOT_URL"), key, setting("NAMESPACE")),
        mail,
        settings.decryption_key(),
        int(number("WORKER_THREADS", 4)),
    )


def main() -> None:
    """Run until SIGTERM. `--requeue-failed` tries what was given up once more, and ends."""
    worker = started("submitter-worker", build)
    if "--requeue-failed" in sys.argv[1:]:
        worker.queue.requeue_failed()
        return
    work(worker)


if __name__ == "__main__":
    main()
