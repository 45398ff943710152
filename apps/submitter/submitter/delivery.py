"""Carries out a submission's actions: each step once, marked as done before the next one begins."""

import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from fb_platform import logs

from submitter import outputs
from submitter.collaborators import Collaborators
from submitter.outputs import File
from submitter.queue import Queue, Queued
from submitter.submission import Csv, Email, Json, Submission

MARK_RETRY = 0.5  # seconds between two attempts to write a mark


class Stopping(Exception):
    """The worker is asked to stop: what is left of this submission is for the next one."""


class Unsendable(Exception):
    """An action that no retry can help is retried all the same, until it is given up and kept."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out. With `tls` the connection is upgraded by STARTTLS before anything is said."""

    host: str
    port: int = 25
    username: str = ""
    password: str = ""
    tls: bool = False
    seconds: float = 30  # that it may take for one answer

    @contextmanager
    def session(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP(self.host, self.port, timeout=self.seconds) as session:
            if self.tls:
                session.starttls(context=ssl.create_default_context())
            if self.username:
                session.login(self.username, self.password)
            yield session


@dataclass
class Delivery:
    """One attempt at one submission."""

    item: Queued
    submission: Submission
    queue: Queue
    others: Collaborators
    mail: MailServer
    stopping: threading.Event

    def __post_init__(self) -> None:
        self.done = self.queue.done(self.item.id)

    def run(self) -> list[tuple[str, Exception]]:
        """Try every action that is not done; an action that fails does not hold up the others.

        Returns the kind and the error of each action that failed. Raises Stopping between two steps.
        """
        failed: list[tuple[str, Exception]] = []
        for number, action in enumerate(self.submission.actions):
            try:
                self._step(f"{number}", lambda a=action, n=number: self._act(a, n))  # type: ignore[misc]
            except Stopping:
                raise
            except Exception as problem:
                failed.append((type(action).__name__.lower(), problem))
        return failed

    def _act(self, action: Email | Csv | Json, number: int) -> None:
        if isinstance(action, Json):
            files = [
                {
                    **self.others.public_file(self.item, each),
                    "mimetype": each.mimetype,
                    "filename": outputs.bare_name(each.filename),
                }
                for each in self.submission.attachments
            ]
            self.others.deliver(
                action.url, outputs.webhook_token(self.item, self.submission, files, action.key)
            )
        elif isinstance(action, Csv):
            self._send(action, number, [outputs.csv_file(self.item, self.submission)])
        else:
            pdf = [self.pdf] if action.include_pdf else []
            self._send(action, number, [*pdf, *(self.uploads if action.include_attachments else [])])

    def _send(self, action: Email | Csv, number: int, files: list[File]) -> None:
        addresses = outputs.recipients(action.to)
        if not addresses:
            raise Unsendable("the action names no recipient")
        groups = outputs.parcels(files)
        refused: smtplib.SMTPRecipientsRefused | None = None
        with self.mail.session() as session:
            for index, address in enumerate(addresses):
                for part, group in enumerate(groups, start=1):
                    step = f"{number}/{index}/{part}"
                    message = outputs.mail(self.item, action, address, group, part, len(groups), step)
                    try:
                        self._step(step, lambda m=message: session.send_message(m))  # type: ignore[misc]
                    except smtplib.SMTPRecipientsRefused as problem:
                        refused = problem  # one mailbox that is closed holds up no other
        if refused:
            raise refused

    def _step(self, name: str, work: Callable[[], object]) -> None:
        if name in self.done:
            return
        if self.stopping.is_set():
            raise Stopping
        work()
        self._mark(name)

    def _mark(self, name: str) -> None:
        """Write that a step is done, however long the database is away: what has gone out must not be
        repeated. Raises what the database says if the worker is to stop meanwhile."""
        while True:
            try:
                return self.queue.mark(self.item.id, name)
            except Exception as problem:  # every driver has its own errors
                logs.error("the database does not answer", problem)
                if self.stopping.wait(MARK_RETRY):
                    raise

    @cached_property
    def pdf(self) -> File:
        return outputs.pdf_file(self.item, self.others.pdf(self.item, self.submission))

    @cached_property
    def uploads(self) -> list[File]:
        return [
            File(each.filename, each.mimetype, self.others.file(self.item, each))
            for each in self.submission.attachments
        ]
