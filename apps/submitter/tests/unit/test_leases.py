"""What a worker holds: nobody else's for as long as a thread is at it, and not a moment longer."""

import threading
from collections import Counter

import pytest
from fb_testing.keyed import SLUG
from fb_testing.runner import form
from fb_testing.waiting import until
from submitter.worker import Worker

from .conftest import Others, running
from .work import attempts, deliver, email, put


def test_a_lease_that_runs_out_under_a_thread_gives_no_other_one_the_same_work(
    worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does while the database is away: nothing is renewed, and then there is work that is due."""
    worker.queue.lease = 0.1
    monkeypatch.setattr(worker.queue, "renew", lambda *_: None)
    send = worker.others.deliver

    def slow(url: str, token: str) -> None:
        until("three claims of what is in hand", lambda: attempts(worker.queue) >= 4)
        send(url, token)

    monkeypatch.setattr(worker.others, "deliver", slow)
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    item = put(worker.queue, form(SLUG, actions=[hook, email()]))
    deliver(worker, item)
    assert (len(others.of("hook")), len(others.mails)) == (1, 1)


def test_what_a_thread_is_at_is_renewed_and_nothing_else(
    worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.queue.lease = 0.1
    renew, renewed, send = worker.queue.renew, Counter[str](), worker.others.deliver

    def counted(name: str, submission: str) -> None:
        renew(name, submission)
        renewed[submission] += 1

    def slow(url: str, token: str) -> None:
        until("three renewals", lambda: renewed[item.id] >= 3)
        send(url, token)

    monkeypatch.setattr(worker.queue, "renew", counted)
    monkeypatch.setattr(worker.others, "deliver", slow)
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    item = put(worker.queue, form(SLUG, actions=[hook]))
    deliver(worker, item)
    assert (set(renewed), len(others.of("hook"))) == ({item.id}, 1)


def test_a_mark_that_cannot_be_written_yet_is_written_later(
    worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail has gone out when the database goes away: only the mark keeps it from going out again."""
    monkeypatch.setattr("submitter.delivery.MARK_RETRY", 0.02)
    mark, failures = worker.queue.mark, iter(range(3))

    def away(submission: str, step: str) -> None:
        if next(failures, None) is not None:
            raise OSError("no database")
        mark(submission, step)

    monkeypatch.setattr(worker.queue, "mark", away)
    deliver(worker, put(worker.queue, form(SLUG, actions=[email(to="a@example.com,b@example.com")])))
    assert next(failures, None) is None
    assert sorted(mail["X-Recipient"] for mail in others.mails) == ["a@example.com", "b@example.com"]


def test_a_worker_that_stops_does_not_wait_for_a_database_that_is_away(
    worker: Worker, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submitter.delivery.MARK_RETRY", 60.0)
    tried = threading.Event()

    def away(submission: str, step: str) -> None:
        tried.set()
        raise OSError("no database")

    monkeypatch.setattr(worker.queue, "mark", away)
    item = put(worker.queue, form(SLUG, actions=[email()]))
    with running(worker):
        assert tried.wait(20)
    assert (worker.queue.state(item.id, SLUG), len(others.mails)) == ("waiting", 1)
