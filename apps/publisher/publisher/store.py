"""What is wished for and what became of it, in the database that web and worker share.

The web writes wishes, each of which raises the form's version. The worker writes reports, each of which holds
for one version only: a report that a newer wish has overtaken changes nothing.
"""

import time
from dataclasses import dataclass

from fb_platform.database import Tables

LEASE = 10.0  # seconds after which another worker may take over
FRESH = 10.0  # seconds: a worker that was seen since is alive

SCHEMA = (
    """create table if not exists forms (
        space text not null, slug text not null, form_id text not null, name text not null,
        metadata text not null, version integer not null, wish text not null, state text not null,
        reason text not null, address text not null, runner text not null, good_version integer not null,
        primary key (space, slug))""",
    """create table if not exists leases (
        name text primary key, holder text not null, expires_at double precision not null,
        seen_at double precision not null)""",
    """create table if not exists spaces (
        space text primary key, checked_at double precision not null, problem text not null,
        runner text not null)""",
)


@dataclass(frozen=True)
class Form:
    """A form as the database has it: the columns of its table, in their order.

    wish: publish or remove; state: waiting, publishing, published, failed or unpublishing. `runner` is the
    release of the runner that the form was last given, `good_version` the last version that became ready.
    """

    space: str
    slug: str
    form_id: str
    name: str
    metadata: str
    version: int
    wish: str
    state: str
    reason: str
    address: str
    runner: str
    good_version: int

    @property
    def has_worked(self) -> bool:
        """Whether this very version became ready once, so that what fails now is not the form's own fault."""
        return self.good_version == self.version


@dataclass(frozen=True)
class Space:
    """What the worker found in a services space. checked_at: since the epoch; problem: "" for none."""

    space: str
    checked_at: float
    problem: str
    runner: str


class Store(Tables):
    """Safe for several threads and processes."""

    schema = SCHEMA

    # ── wishes ──

    def publish(self, space: str, slug: str, form_id: str, name: str, metadata: str) -> int | None:
        """Wish that a form be published; its version. None if another form has that slug there."""
        rows = self.database.run(
            """insert into forms values (:space, :slug, :form_id, :name, :metadata, 1, 'publish', 'waiting',
                '', '', '', 0)
                on conflict (space, slug) do update set form_id = excluded.form_id, name = excluded.name,
                metadata = excluded.metadata, version = forms.version + 1, wish = 'publish',
                state = 'waiting', reason = ''
                where forms.form_id = excluded.form_id or forms.wish = 'remove' returning version""",
            space=space,
            slug=slug,
            form_id=form_id,
            name=name,
            metadata=metadata,
        )
        return rows[0][0] if rows else None

    def unpublish(self, space: str, slug: str) -> bool:
        """Wish that a form be gone; whether it is there at all."""
        rows = self.database.run(
            """update forms set version = version + 1, wish = 'remove', state = 'unpublishing', reason = ''
               where space = :space and slug = :slug returning version""",
            space=space,
            slug=slug,
        )
        return bool(rows)

    # ── what there is ──

    def forms(self) -> list[Form]:
        """Every form, by space and slug."""
        rows = self.database.run("select * from forms order by space, slug")
        return [Form(*row) for row in rows]

    def form(self, space: str, slug: str) -> Form | None:
        rows = self.database.run(
            "select * from forms where space = :space and slug = :slug",
            space=space,
            slug=slug,
        )
        return Form(*rows[0]) if rows else None

    def spaces(self) -> dict[str, Space]:
        """What the worker last found, by space."""
        rows = self.database.run("select space, checked_at, problem, runner from spaces")
        return {row[0]: Space(*row) for row in rows}

    def last_seen(self) -> float:
        """When a worker was last alive, seconds since the epoch; 0 for never."""
        rows = self.database.run("select seen_at from leases where name = 'worker'")
        return float(rows[0][0]) if rows else 0.0

    # ── reports ──

    def report(self, form: Form) -> bool:
        """Write state, reason, address, runner and good_version; whether the version still is the latest."""
        rows = self.database.run(
            """update forms set state = :state, reason = :reason, address = :address, runner = :runner,
               good_version = :good_version
               where space = :space and slug = :slug and version = :version returning version""",
            state=form.state,
            reason=form.reason,
            address=form.address,
            runner=form.runner,
            good_version=form.good_version,
            space=form.space,
            slug=form.slug,
            version=form.version,
        )
        return bool(rows)

    def forget(self, form: Form) -> None:
        """Its objects are gone. If somebody wishes for it again meanwhile, it stays."""
        self.database.run(
            """delete from forms
               where space = :space and slug = :slug and version = :version and wish = 'remove'""",
            space=form.space,
            slug=form.slug,
            version=form.version,
        )

    def checked(self, space: str, problem: str, runner: str) -> None:
        """A worker has looked at a services space."""
        self.database.run(
            """insert into spaces values (:space, :now, :problem, :runner)
               on conflict (space) do update set checked_at = excluded.checked_at,
               problem = excluded.problem, runner = excluded.runner""",
            space=space,
            now=time.time(),
            problem=problem,
            runner=runner,
        )

    # ── one worker at a time ──

    def hold(self, worker: str) -> bool:
        """Take or renew the lease; whether this worker has it now."""
        now = time.time()
        rows = self.database.run(
            """insert into leases values ('worker', :holder, :until, :now)
               on conflict (name) do update set holder = excluded.holder,
               expires_at = excluded.expires_at, seen_at = excluded.seen_at
               where leases.holder = excluded.holder or leases.expires_at < excluded.seen_at
               returning holder""",
            holder=worker,
            until=now + LEASE,
            now=now,
        )
        return bool(rows)

    def release(self, worker: str) -> None:
        """Let the next worker take over at once."""
        self.database.run("update leases set expires_at = 0 where holder = :holder", holder=worker)
