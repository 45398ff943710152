"""The answers of users, one row each, in the database that all processes share."""

import time

from fb_platform.database import Database, Tables

KEEP = 28 * 86400.0  # seconds after its last change that an entry is kept
SWEEP = 100  # expired entries that are removed at a time

SCHEMA = (
    """create table if not exists answers (
        service text not null, namespace text not null, user_id text not null, payload text not null,
        changed_at double precision not null, created_at double precision not null,
        primary key (service, namespace, user_id))""",
    "create index if not exists answers_changed on answers (changed_at)",
)


class Store(Tables):
    """Safe for several threads and processes. A user is known by service, namespace and id."""

    schema = SCHEMA

    def __init__(self, database: Database, keep: float = KEEP) -> None:
        super().__init__(database)
        self.keep = keep  # seconds

    def ping(self) -> None:
        """Raises unless the database answers and takes writes."""
        self.database.run("delete from answers where service = '' and user_id = ''")

    def get(self, service: str, namespace: str, user: str) -> str | None:
        """The user's payload; None if there is none, or it is older than `keep`."""
        rows = self.database.run(
            """select payload from answers where service = :service and namespace = :namespace
               and user_id = :user and changed_at > :oldest""",
            service=service,
            namespace=namespace,
            user=user,
            oldest=time.time() - self.keep,
        )
        return rows[0][0] if rows else None

    def put(self, service: str, namespace: str, user: str, payload: str) -> bool:
        """Keep the user's payload in place of an earlier one; whether it is the first."""
        now = time.time()
        self.sweep(now)
        rows = self.database.run(
            """insert into answers values (:service, :namespace, :user, :payload, :now, :now)
               on conflict (service, namespace, user_id)
               do update set payload = excluded.payload, changed_at = excluded.changed_at,
                   created_at = case when answers.changed_at <= :oldest then excluded.created_at
                                else answers.created_at end
               returning created_at""",
            service=service,
            namespace=namespace,
            user=user,
            payload=payload,
            now=now,
            oldest=now - self.keep,  # what has expired is gone, swept or not
        )
        return bool(rows[0][0] == now)

    def delete(self, service: str, namespace: str, user: str) -> None:
        """Forget the user; that there is none is as good."""
        self.database.run(
            """delete from answers where service = :service and namespace = :namespace
               and user_id = :user""",
            service=service,
            namespace=namespace,
            user=user,
        )

    def sweep(self, now: float) -> None:
        """Remove some of what is older than `keep`: each write leaves the table cleaner than it was."""
        self.database.run(
            """delete from answers where (service, namespace, user_id) in
               (select service, namespace, user_id from answers where changed_at <= :oldest limit :most)""",
            oldest=now - self.keep,
            most=SWEEP,
        )
