"""What runs where, since when, by whom and whether it was verified: kept in the cluster, a ConfigMap per app.

A release is on record before its first object is applied, so that whoever comes after a crash knows what is
there. A version that was rolled back is held until somebody insists on it.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import release_store
from toolkit.cluster.release.kept.packing import content_of
from toolkit.cluster.release.release_store import Data, name_of
from toolkit.settings.needed import missing

__all__ = ["Hold", "Release", "content_of", "name_of"]

Json = dict[str, Any]

DEPLOYING, DEPLOYED, FAILED, CUT_SHORT = "deploying", "deployed", "failed", "cut short"
# Versions that may mean different files on different days.
_VAGUE = ("-dirty", "uncommitted")


@dataclass(frozen=True)
class Release:
    """One deployment of one app to one space. at and the checks' values are UTC, ISO 8601.

    state is "deploying", "deployed", "failed" or "cut short"; back_from the version that a rollback to this
    one replaced. checks holds when each check passed; verified says that all of `needed` did. content tells
    what was applied (content_of). served: it was there before the first release, and served. unkept says why
    what was applied could not be kept, so that nobody can go back to it; "" when it is. restarts is the
    baseline of the watch: pod uid/container -> restart count.
    """

    id: str
    version: str
    commit: str
    branch: str
    by: str
    at: str
    run: str
    images: Mapping[str, str]
    verified: bool = False
    needed: tuple[str, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    restarts: Mapping[str, int] = field(default_factory=dict)
    state: str = DEPLOYED
    back_from: str = ""
    content: str = ""
    unkept: str = ""
    served: bool = False

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Release:
        """From its JSON; keys of a newer toolkit are passed over."""
        known = {each.name for each in fields(cls)}
        values = {key: value for key, value in row.items() if key in known}
        blank: Json = dict.fromkeys(("id", "version", "commit", "branch", "by", "at", "run"), "")
        made = cls(**{**blank, "images": {}, **values})
        return replace(made, needed=tuple(made.needed))

    def is_same(self, other: Release) -> bool:
        """Whether both would put the very same thing into the cluster."""
        same_content = self.content == other.content if self.content and other.content else True
        return same_content and dict(self.images) == dict(other.images)

    @property
    def missing(self) -> tuple[str, ...]:
        """The checks that it needs and has not passed."""
        return missing(self.needed, self.checks)

    @property
    def is_good(self) -> bool:
        """Whether it can be gone back to: it was rolled out and passed all its checks."""
        return self.verified and self.state == DEPLOYED


@dataclass(frozen=True)
class Hold:
    """A version that was rolled back, when, by whom, in which run and why."""

    version: str
    content: str
    at: str
    by: str
    run: str
    why: str


def now() -> str:
    """This moment, UTC, ISO 8601 to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_id(version: str, at: str) -> str:
    """An id that no other release has, whatever the clock says, and that is a valid key of a ConfigMap."""
    return f"{version}-{at.replace(':', '').lower()}-{secrets.token_hex(2)}"


def history(connection: Connection, namespace: str, app: str) -> list[Release]:
    """The releases that are known in a namespace, newest first; [] when the app was never deployed there."""
    return _read(release_store.read(connection, namespace, app))


def current(connection: Connection, namespace: str, app: str) -> Release | None:
    """The newest release, whatever became of it; None when the app was never deployed there."""
    return next(iter(history(connection, namespace, app)), None)


def last_good(
    known: Sequence[Release], undoing: Release, holds: Sequence[Hold] = (), version: str = ""
) -> Release | None:
    """The newest verified release that is neither what is being undone nor held; of that version if one is
    given, held or not. Where there is none, what served before the first release. One whose objects could
    not be kept comes last: it can only be told why."""

    def is_meant(release: Release) -> bool:
        if release.is_same(undoing):
            return False
        if version:
            return release.version == version
        return not held(holds, release.version, release.content)

    meant = [release for release in known if is_meant(release)]
    good = [release for release in meant if release.is_good]
    good += [release for release in meant if release.served and release.state == DEPLOYED]
    return next((each for each in good if not each.unkept), next(iter(good), None))


def begin(
    connection: Connection, namespace: str, app: str, release: Release, applied: Sequence[Json]
) -> Release:
    """Put a release on record, as "deploying", before its objects are applied. Returns it as it is kept.

    A repeated deployment of the very same thing keeps its id and checks. One that was cut short says so from
    now on. What cannot be kept is on record as `unkept`.
    """
    objects, unkept = release_store.keep(connection, namespace, app, applied)
    release = replace(release, state=DEPLOYING, content=content_of(applied), unkept=unkept)
    kept = [release]

    def work(data: Data) -> None:
        rows = release_store.rows(data)
        for row in rows:
            if row.get("state") == DEPLOYING:
                row["state"] = CUT_SHORT
        before = Release.read(rows[0]) if rows else None
        if before and before.is_same(release) and before.state == DEPLOYED and not release.back_from:
            kept[0] = replace(release, id=before.id, checks=before.checks, verified=before.verified)
            rows[0] = asdict(kept[0])
        else:
            kept[0] = release
            rows.insert(0, asdict(release))
        release_store.put(data, kept[0].id, objects)
        release_store.store(data, rows)

    release_store.change(connection, namespace, app, work)
    release_store.tidy(connection, namespace, app)
    return kept[0]


def adopt(connection: Connection, namespace: str, app: str, release: Release, found: Sequence[Json]) -> None:
    """Put what was there before the first release on record, unless there is a release by now."""
    objects, unkept = release_store.keep(connection, namespace, app, found)
    made = replace(release, state=DEPLOYED, served=True, content=content_of(found), unkept=unkept)

    def work(data: Data) -> None:
        if not release_store.rows(data):
            release_store.put(data, made.id, objects)
            release_store.store(data, [asdict(made)])

    release_store.change(connection, namespace, app, work)


def finish(
    connection: Connection,
    namespace: str,
    app: str,
    id: str,
    state: str,
    *,
    restarts: Mapping[str, int] | None = None,
) -> Release | None:
    """Note how a release's deployment ended. One that failed counts as verified no more.

    A release that was deployed all the same lifts the hold on it. Returns it as it is kept.
    """

    def work(release: Release, data: Data) -> Release:
        release = replace(release, state=state, restarts=dict(restarts or release.restarts))
        if state == DEPLOYED:
            holds = [row for row in release_store.rows(data, release_store.HOLDS) if not _held(row, release)]
            release_store.store_holds(data, holds)
        return replace(release, verified=state == DEPLOYED and not release.missing)

    return _update(connection, namespace, app, lambda release: release.id == id, work)


def passed(
    connection: Connection, namespace: str, app: str, check: str, looked_at: Release
) -> Release | None:
    """Note that a check passed for a release, if that is still the current one. Returns it as it is kept.

    None when another one came meanwhile: then nothing is noted.
    """

    def work(release: Release, _data: Data) -> Release:
        release = replace(release, checks={**release.checks, check: now()})
        return replace(release, verified=release.state == DEPLOYED and not release.missing)

    def is_meant(release: Release) -> bool:
        return release.id == looked_at.id and release.state in (DEPLOYED, DEPLOYING)

    return _update(connection, namespace, app, is_meant, work, only_current=True)


def objects_of(connection: Connection, namespace: str, app: str, release: Release) -> list[Json] | None:
    """What was applied for a release, without the data of Secrets; None when it is not kept any more."""
    return release_store.objects_of(connection, namespace, app, release.id)


def hold(connection: Connection, namespace: str, app: str, release: Release, by: str, why: str) -> None:
    """Let nobody deploy this again unawares."""
    made = Hold(release.version, release.content, now(), by, release.run, why)

    def work(data: Data) -> None:
        rows = release_store.rows(data, release_store.HOLDS)
        others = [row for row in rows if not _held(row, release)]
        release_store.store_holds(data, [asdict(made), *others])

    release_store.change(connection, namespace, app, work)


def holds(connection: Connection, namespace: str, app: str) -> list[Hold]:
    """The versions that are held, newest first."""
    rows = release_store.rows(release_store.read(connection, namespace, app), release_store.HOLDS)
    return [_hold(row) for row in rows]


def held(known: Sequence[Hold], version: str, content: str) -> Hold | None:
    """The hold on a version, or on the same thing under another name."""
    return next((each for each in known if _is(each, version, content)), None)


def _held(row: Json, release: Release) -> bool:
    return _is(_hold(row), release.version, release.content)


def _hold(row: Json) -> Hold:
    return Hold(**{each.name: str(row.get(each.name, "")) for each in fields(Hold)})


def _is(hold: Hold, version: str, content: str) -> bool:
    if hold.content and hold.content == content:
        return True
    return hold.version == version and not version.endswith(_VAGUE)


def _read(data: Data) -> list[Release]:
    return [Release.read(row) for row in release_store.rows(data)]


def _update(
    connection: Connection,
    namespace: str,
    app: str,
    which: Callable[[Release], bool],
    work: Callable[[Release, Data], Release],
    *,
    only_current: bool = False,
) -> Release | None:
    """Change the newest release that fits; None when none does."""
    result: list[Release | None] = [None]

    def change(data: Data) -> None:
        rows = release_store.rows(data)
        result[0] = None
        for place, row in enumerate(rows[:1] if only_current else rows):
            release = Release.read(row)
            if which(release):
                changed = result[0] = work(release, data)
                rows[place] = asdict(changed)
                release_store.store(data, rows)
                return

    release_store.change(connection, namespace, app, change, make=False)
    return result[0]
