"""The queue of submissions, in the database that all API and worker processes share.

A worker claims a row by pushing its `due_at` one lease ahead, in one atomic statement, and renews the lease
while it works on it. A worker that dies, or lost hold of a row, renews nothing: the row falls due again and
the next claim goes on after the deliveries that are marked done. Answers stay encrypted at rest and are
erased on delivery.
"""

import time
from dataclasses import dataclass
from typing import Any

from fb_platform.database import Database, Tables

LEASE = 15.0  # seconds
FIRST_RETRY, LONGEST_RETRY = 1.0, 600.0  # seconds; doubles in between
GIVE_UP = 7 * 86400.0  # seconds after which a submission is kept as failed and no longer tried
KEEP = 86400.0  # seconds that the bare line of a delivered submission stays

SCHEMA = (
    """create table if not exists submissions (
        id text primary key, service text not null, namespace text not null, user_id text not null,
        request_id text not null, encrypted_submission text not null, encrypted_user text not null,
        received_at double precision not null, state text not null, attempts integer not null,
        due_at double precision not null, give_up_at double precision not null, claimed_by text)""",
    "create index if not exists submissions_due on submissions (state, due_at)",
    """create table if not exists deliveries (
        submission_id text not null, step text not null, primary key (submission_id, step))""",
)
CLAIM = """
    update submissions set due_at = :until, claimed_by = :worker, attempts = attempts + 1
    where id = (select id from submissions where state = 'waiting' and due_at <= :now
                order by due_at limit 1 /* skip locked */)
    returning id, service, namespace, user_id, request_id, encrypted_submission, encrypted_user, received_at,
    attempts, give_up_at
"""


@dataclass(frozen=True)
class Queued:
    """A submission as a worker holds it. Times are seconds since the epoch."""

    id: str
    service: str
    namespace: str
    user: str
    request_id: str
    encrypted_submission: str
    encrypted_user: str
    received_at: float
    attempts: int = 0
    give_up_at: float = 0.0


class Queue(Tables):
    """Safe for several threads and processes. lease: seconds that a claim holds, and each renewal of it."""

    schema = SCHEMA

    def __init__(self, database: Database, lease: float = LEASE) -> None:
        super().__init__(database)
        self.lease = lease

    def ping(self) -> None:
        """Raises unless the database answers; creates the tables the first time."""
        self.prepare()
        self.database.run("select 1 from submissions limit 1")

    def put(self, item: Queued) -> None:
        """Store a submission, due at once. Storing it twice changes nothing."""
        self.database.run(
            """insert into submissions values (:id, :service, :namespace, :user, :request_id,
               :encrypted_submission, :encrypted_user, :received_at, 'waiting', 0, :received_at,
               :give_up_at, null) on conflict (id) do nothing""",
            **{**vars(item), "give_up_at": item.received_at + GIVE_UP},
        )

    def state(self, submission: str, service: str) -> str | None:
        """waiting, delivered or failed; None for an id that this service did not submit, or long ago."""
        rows = self.database.run(
            "select state from submissions where id = :id and service = :service",
            id=submission,
            service=service,
        )
        return rows[0][0] if rows else None

    def claim(self, worker: str) -> Queued | None:
        """The submission that has been due for longest, for this worker alone until its lease runs out."""
        now = time.time()
        rows = self.database.run(CLAIM, until=now + self.lease, worker=worker, now=now)
        return Queued(*rows[0]) if rows else None

    def renew(self, worker: str, submission: str) -> None:
        """Extend the lease of a submission that the worker is at, if it still is the worker's."""
        self.database.run(
            "update submissions set due_at = :until "
            "where id = :id and claimed_by = :worker and state = 'waiting'",
            until=time.time() + self.lease,
            id=submission,
            worker=worker,
        )

    def done(self, submission: str) -> set[str]:
        """The steps of a submission that have been delivered."""
        rows = self.database.run("select step from deliveries where submission_id = :id", id=submission)
        return {row[0] for row in rows}

    def mark(self, submission: str, step: str) -> None:
        """Remember that a step was delivered."""
        self.database.run(
            "insert into deliveries values (:id, :step) on conflict do nothing", id=submission, step=step
        )

    def delivered(self, item: Queued) -> None:
        """All steps are done: erase what the user wrote and who it was; id and state stay for KEEP s."""
        self.database.run(
            """update submissions set state = 'delivered', due_at = :now, claimed_by = null, user_id = '',
               encrypted_submission = '', encrypted_user = '' where id = :id""",
            id=item.id,
            now=time.time(),
        )
        self.database.run("delete from deliveries where submission_id = :id", id=item.id)

    def retry(self, item: Queued, worker: str) -> float | None:
        """Try again after a delay, which is returned; None when it is given up (kept, as failed)."""
        given_up = time.time() > item.give_up_at
        delay = min(FIRST_RETRY * 2 ** min(item.attempts - 1, 30), LONGEST_RETRY)
        self._let_go(item, worker, "failed" if given_up else "waiting", delay)
        return None if given_up else delay

    def release(self, item: Queued, worker: str) -> None:
        """Hand a submission back unfinished: the worker is stopping."""
        self._let_go(item, worker, "waiting", 0)

    def requeue_failed(self) -> None:
        """Try every failed submission again, for another GIVE_UP seconds."""
        now = time.time()
        self.database.run(
            "update submissions set state = 'waiting', attempts = 0, due_at = :now, give_up_at = :until "
            "where state = 'failed'",
            now=now,
            until=now + GIVE_UP,
        )

    def purge(self) -> None:
        """Drop the lines of submissions delivered more than KEEP seconds ago."""
        self.database.run(
            "delete from submissions where state = 'delivered' and due_at < :before",
            before=time.time() - KEEP,
        )

    def figures(self) -> dict[str, float]:
        """`waiting`, `failed`: how many; `overdue`: for how many seconds the first one has been due."""
        counts: dict[str, float] = dict(
            self.database.run(
                "select state, count(*) from submissions where state in ('waiting', 'failed') group by state"
            )
        )
        first = self.database.run("select min(due_at) from submissions where state = 'waiting'")[0][0]
        overdue = max(0.0, time.time() - first) if first is not None else 0.0
        return {"waiting": counts.get("waiting", 0), "failed": counts.get("failed", 0), "overdue": overdue}

    def _let_go(self, item: Queued, worker: str, state: str, delay: float) -> None:
        parameters: dict[str, Any] = {
            "state": state,
            "due": time.time() + delay,
            "id": item.id,
            "worker": worker,
        }
        self.database.run(
            "update submissions set state = :state, due_at = :due, claimed_by = null "
            "where id = :id and claimed_by = :worker and state = 'waiting'",
            **parameters,
        )
