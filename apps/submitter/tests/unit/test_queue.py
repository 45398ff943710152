"""The queue, on SQLite and on PostgreSQL."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fb_platform.database import Database
from fb_platform.settings import SettingError
from submitter import queue as module
from submitter.queue import FIRST_RETRY, GIVE_UP, KEEP, LEASE, LONGEST_RETRY, Queue, Queued


def make(**fields: Any) -> Queued:
    usual: dict[str, Any] = {
        "id": str(uuid.uuid4()), "service": "complaints", "namespace": "n", "user": "u", "request_id": "r",
        "encrypted_submission": "e", "encrypted_user": "t", "received_at": time.time(),
    }  # fmt: skip
    return Queued(**{**usual, **fields})


def claimed(queue: Queue, worker: str) -> Queued:
    item = queue.claim(worker)
    assert item is not None, "nothing is due"
    return item


def run_out(queue: Queue, worker: str) -> Queued:
    """A submission that a worker has claimed, and whose lease has run out; later claims last."""
    queue.put(make())
    queue.lease = 0.0
    item = claimed(queue, worker)
    queue.lease = LEASE
    return item


@pytest.fixture
def any_queue(database_url: str) -> Queue:
    queue = Queue(Database(database_url))
    queue.ping()
    return queue


def test_what_goes_in_comes_out_once(any_queue: Queue) -> None:
    item = make()
    any_queue.put(item)
    any_queue.put(item)
    first = claimed(any_queue, "one")
    assert (first.id, first.received_at, first.attempts) == (item.id, item.received_at, 1)
    assert any_queue.claim("two") is None


def test_oldest_comes_first(any_queue: Queue) -> None:
    now = time.time()
    for age in (1, 3, 2):
        any_queue.put(make(id=str(age), received_at=now - age))
    assert [claimed(any_queue, "w").id for _ in range(3)] == ["3", "2", "1"]


def test_many_workers_never_share_a_submission(any_queue: Queue) -> None:
    for _ in range(60):
        any_queue.put(make())
    together = threading.Barrier(6)

    def work(name: int) -> list[str]:
        together.wait(10)
        found = []
        while item := any_queue.claim(str(name)):
            found.append(item.id)
        any_queue.database.close()
        return found

    with ThreadPoolExecutor(6) as pool:
        claims = [identity for found in pool.map(work, range(6)) for identity in found]
    assert len(claims) == len(set(claims)) == 60


def test_dead_worker_loses_its_claim(any_queue: Queue) -> None:
    run_out(any_queue, "dead")
    taken = claimed(any_queue, "alive")
    assert taken.attempts == 2


def test_living_worker_keeps_its_claim(any_queue: Queue) -> None:
    item = run_out(any_queue, "alive")
    any_queue.renew("alive", item.id)
    assert any_queue.claim("other") is None


def test_a_claim_is_renewed_by_its_holder_for_that_submission_alone(any_queue: Queue) -> None:
    item = run_out(any_queue, "holder")
    any_queue.renew("somebody else", item.id)
    any_queue.renew("holder", "another submission")
    assert claimed(any_queue, "next").id == item.id


def test_retries_back_off(any_queue: Queue) -> None:
    any_queue.put(make())
    item = claimed(any_queue, "w")
    assert any_queue.retry(item, "w") == FIRST_RETRY
    assert any_queue.claim("w") is None
    delays = [any_queue.retry(make(attempts=n, give_up_at=time.time() + 9), "w") for n in (2, 3, 50)]
    assert delays == [2.0, 4.0, LONGEST_RETRY]


def test_gives_up_after_a_week_and_keeps_it(any_queue: Queue) -> None:
    any_queue.put(make(received_at=time.time() - GIVE_UP - 1))
    item = claimed(any_queue, "w")
    assert any_queue.retry(item, "w") is None
    assert any_queue.state(item.id, "complaints") == "failed"
    assert any_queue.figures()["failed"] == 1
    any_queue.requeue_failed()
    again = claimed(any_queue, "w")
    assert (again.encrypted_submission, again.received_at) == ("e", item.received_at)
    assert any_queue.retry(again, "w") == FIRST_RETRY


def test_a_lost_claim_cannot_be_let_go(any_queue: Queue) -> None:
    slow = run_out(any_queue, "slow")
    any_queue.claim("fast")
    any_queue.release(slow, "slow")
    assert any_queue.claim("third") is None


def test_delivery_erases_what_the_user_wrote(any_queue: Queue) -> None:
    any_queue.put(make())
    item = claimed(any_queue, "w")
    any_queue.mark(item.id, "0/0/1")
    any_queue.mark(item.id, "0/0/1")
    assert any_queue.done(item.id) == {"0/0/1"}
    any_queue.delivered(item)
    rows = any_queue.database.run("select user_id, encrypted_submission, encrypted_user from submissions")
    assert rows == [("", "", "")]
    assert any_queue.done(item.id) == set()
    assert any_queue.state(item.id, "complaints") == "delivered"
    assert any_queue.state(item.id, "another-service") is None


def test_purge_drops_old_lines_only(any_queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    any_queue.put(make(id="delivered"))
    any_queue.delivered(claimed(any_queue, "w"))
    any_queue.put(make(id="waiting", received_at=time.time() - 2 * KEEP))
    any_queue.purge()
    assert any_queue.state("delivered", "complaints") == "delivered"
    monkeypatch.setattr(module, "KEEP", -1.0)
    any_queue.purge()
    assert any_queue.state("delivered", "complaints") is None
    assert any_queue.state("waiting", "complaints") == "waiting"


def test_figures_show_a_queue_that_nobody_works_on(any_queue: Queue) -> None:
    assert any_queue.figures() == {"waiting": 0, "failed": 0, "overdue": 0.0}
    any_queue.put(make(received_at=time.time() - 100))
    figures = any_queue.figures()
    assert figures["waiting"] == 1
    assert 100 <= figures["overdue"] < 110


def test_several_processes_may_create_the_tables_at_once(database_url: str) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> None:
        queue = Queue(Database(database_url))
        together.wait(10)
        queue.ping()
        queue.database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))


def test_new_files_that_several_open_at_once_are_there_for_all(tmp_path: Path) -> None:
    """Whoever is not the first to open a new file waits for it: about one file in ten was "locked" before."""
    together = threading.Barrier(4)

    def ask(file: Path) -> None:
        database = Database(f"sqlite:///{file}")
        together.wait(10)
        database.run("create table if not exists words (word text)")
        database.run("insert into words values ('a')")
        database.close()

    with ThreadPoolExecutor(4) as pool:
        for file in (tmp_path / f"{number}.db" for number in range(100)):
            list(pool.map(ask, [file] * 4))
            assert Database(f"sqlite:///{file}").run("select count(*) from words") == [(4,)]


def test_a_lost_connection_is_opened_again(postgresql: str | None) -> None:
    if postgresql is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    database, killer = Database(postgresql), Database(postgresql)
    backend = database.run("select pg_backend_pid()")[0][0]
    killer.run("select pg_terminate_backend(:backend, 5000)", backend=backend)
    assert database.run("select 7") == [(7,)]
    database.close()
    killer.close()


def test_a_wrong_statement_is_an_error(any_queue: Queue) -> None:
    with pytest.raises(Exception, match="nowhere"):
        any_queue.database.run("select 1 from nowhere")
    any_queue.ping()


def test_only_known_databases() -> None:
    with pytest.raises(SettingError, match="DATABASE_URL"):
        Database("mysql://x")
