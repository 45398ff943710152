"""What runs where: every app in every space as rows, from the cluster alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.release import drift, lock, releases, scaling
from toolkit.cluster.release.drift import Drift
from toolkit.cluster.release.releases import Hold, Release
from toolkit.cluster.standing import configuration, reservation
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, number, text
from toolkit.objects.resources import built_in
from toolkit.settings.model import App

Json = dict[str, Any]
NO_CODE = "no code yet"
_OTHER_KINDS = ("StatefulSet", "DaemonSet")


@dataclass(frozen=True)
class Row:
    """One app in one space. Times are UTC, ISO 8601; "", 0 and () stand for nothing.

    version, commit, branch, since, by and verified are of the release that serves: the newest one that was
    rolled out. state is what became of the newest one, whose version is `attempt` where it is not the one
    that serves. ready and wanted count pods; lock says who deploys, lock_seconds for how long; reserved for
    whom the space is, and who waits. notes are sentences.
    """

    app: str
    environment: str
    space: str
    version: str = ""
    commit: str = ""
    branch: str = ""
    since: str = ""
    by: str = ""
    verified: bool = False
    back_from: str = ""
    state: str = ""
    attempt: str = ""
    ready: int = 0
    wanted: int = 0
    lock: str = ""
    lock_seconds: float = 0.0
    reserved: str = ""
    held: tuple[Hold, ...] = ()
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()
    releases: tuple[Release, ...] = field(default=(), repr=False)


def row(connection: Connection, app: App, environment: str, space: str, now: datetime | None = None) -> Row:
    """How one app is in one space now."""
    now = now or datetime.now(UTC)
    namespace = app.namespace_in(space)
    known = releases.history(connection, namespace, app.name)
    applied = releases.objects_of(connection, namespace, app.name, known[0]) if known else None
    found = _workloads(connection, app, namespace, applied or [])
    lease = connection.find(built_in("Lease").path(namespace, lock.name_of(app.name)))
    made = Row(
        app.name,
        environment,
        space,
        ready=sum(map(_ready, found)),
        wanted=sum(map(_wanted, found)),
        lock=lock.holder_of(lease) if lease is not None else "",
        lock_seconds=seconds_since(text(lease, "spec", "acquireTime"), now),
    )
    turn = connection.find(built_in("Lease").path(namespace, reservation.name_of(app.name)))
    made = replace(made, reserved=reservation.words(turn, lambda moment: age(moment, now)))
    if not known:
        note = "runs, but was not deployed by this toolkit" if found else "not deployed"
        busy = [deploying(lease, now)] if lease is not None else []
        busy += [made.reserved] if made.reserved else []
        return replace(made, notes=(*busy, NO_CODE if app.pending and not found else note))
    differing: list[Drift] = []
    if applied and known[0].state == releases.DEPLOYED:
        differing = drift.find(connection, applied, scaling.autoscaled(connection, namespace, applied))
        if app.restart:  # all that it says of itself is somebody else's
            differing = [each for each in differing if each.field.startswith("spec.") and each.applied]
    held = releases.holds(connection, namespace, app.name)
    made = replace(made, held=tuple(held), drift=tuple(differing), releases=tuple(known))
    made = _of_release(made, known)
    said = notes(made, known[0], lease, found, now)
    said += tuple(_unkept(known[0], is_kept=applied is not None))
    if lease is None:
        query = manifests.selector_of(app)
        pods = connection.list(built_in("Pod").path(namespace), labelSelector=query)["items"]
        said += tuple(
            f"{each}: make deploy APP={app.name} ENV={space}"
            for each in configuration.older(connection, namespace, pods)
        )
    return replace(made, notes=said)


def _workloads(connection: Connection, app: App, namespace: str, applied: Sequence[Json]) -> list[Json]:
    """An app's Deployments, and its workloads of other kinds that were applied."""
    selector = manifests.selector_of(app)
    kinds = {text(obj, "kind") for obj in applied} & set(_OTHER_KINDS)
    found = []
    for kind in ("Deployment", *sorted(kinds)):
        items = connection.list(built_in(kind).path(namespace), labelSelector=selector)["items"]
        found += [{**item, "kind": kind} for item in items]
    return found


def _ready(workload: Json) -> int:
    return number(workload, "status", "readyReplicas") or number(workload, "status", "numberReady")


def _wanted(workload: Json) -> int:
    if workload.get("kind") == "DaemonSet":
        return number(workload, "status", "desiredNumberScheduled")
    return number(workload, "spec", "replicas", default=1)


def _of_release(made: Row, known: Sequence[Release]) -> Row:
    newest = known[0]
    made = replace(made, state=newest.state)
    serving = next((each for each in known if each.state == releases.DEPLOYED), None)
    if serving is None:
        return replace(made, attempt=newest.version)
    return replace(
        made,
        version=serving.version,
        commit=serving.commit,
        branch=serving.branch,
        since=serving.at,
        by=serving.by,
        verified=serving.verified,
        back_from=serving.back_from,
        attempt="" if serving is newest else newest.version,
    )


def notes(
    made: Row, newest: Release, lease: Json | None, workloads: Sequence[Json], now: datetime
) -> tuple[str, ...]:
    """What is worth knowing beyond the columns, most urgent first. lease is the lock, None when nobody
    deploys."""
    said = [deploying(lease, now, newest)] if lease is not None else []
    said += [made.reserved] if made.reserved else []
    what = f"rollback to {newest.version}" if newest.back_from else f"deployment of {newest.version}"
    ended = f"{what} by {newest.by}" + (f" in run {newest.run}" if newest.run else "")
    again = f"APP={made.app} ENV={made.space}"
    if newest.state == releases.FAILED:
        said.append(f"{ended} failed {age(newest.at, now)} ago")
    elif newest.state != releases.DEPLOYED and lease is None:
        said.append(
            f"{ended} was cut short {age(newest.at, now)} ago: make deploy {again} or make rollback {again}"
        )
    if made.back_from:
        said.append(f"back from {made.back_from}")
    said += [f"held: {each.version} ({short(each.why)}), FORCE=1 lifts it" for each in made.held]
    if not workloads and not made.drift:
        said.append("its workloads are gone")
    elif lease is None:
        unfinished = [text(each, "metadata", "name") for each in workloads if not progress.stands(each)]
        said += [f"{name} is not fully rolled out" for name in unfinished]
    return (*said, *(f"drift: {each.sentence}" for each in made.drift))


def _unkept(newest: Release, *, is_kept: bool) -> list[str]:
    """That nobody can go back to what is there, and why."""
    if is_kept or newest.state != releases.DEPLOYED:
        return []
    why = newest.unkept or "what was applied for it is gone from the cluster"
    return [f"{newest.version} cannot be gone back to, nor compared with what is there: {short(why)}"]


def deploying(lease: Json, now: datetime, newest: Release | None = None) -> str:
    """Who has the lock: holder, run and age; and that nobody renews it, if so."""
    annotations = mapping(lease, "metadata", "annotations")
    who = text(annotations, lock.HOLDER) or text(lease, "spec", "holderIdentity") or "somebody"
    run = f" in run {annotations[lock.RUN]}" if annotations.get(lock.RUN) else ""
    what = (
        f"{newest.version} is being deployed" if newest and newest.state == releases.DEPLOYING else "locked"
    )
    said = f"{what} by {who}{run} for {age(text(lease, 'spec', 'acquireTime'), now)}"
    renewed = text(lease, "spec", "renewTime")
    granted = number(lease, "spec", "leaseDurationSeconds", default=lock.GRANTED_SECONDS)
    if seconds_since(renewed, now) > 2 * granted:
        said += f"; not renewed for {age(renewed, now)}: the next deployment takes it over"
    return said


def seconds_since(moment: str, now: datetime) -> float:
    """Seconds since a time in ISO 8601; 0 for the future and for what is no time."""
    try:
        return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def age(moment: str, now: datetime) -> str:
    """How long ago a time in ISO 8601 is, for a person: 12 s, 3 min 5 s, 2 h 10 min, 3 days."""
    seconds = round(seconds_since(moment, now))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days >= 2:
        return f"{days} days"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def short(text: str, limit: int = 100) -> str:
    """Enough of a text to know what it is about."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…"


def without_code(rows: Sequence[Row]) -> list[str]:
    """The apps that run nowhere because they have no code yet; a line per space would say nothing more."""
    absent = {each.app for each in rows if each.notes == (NO_CODE,)}
    return [app for app in absent if all(each.notes == (NO_CODE,) for each in rows if each.app == app)]


def as_json(rows: Sequence[Row], *, history: bool) -> list[dict[str, Any]]:
    """The rows for machines; with history the releases that are known, newest first."""
    found = []
    for each in rows:
        made = {**asdict(each), "note": "; ".join(each.notes)}
        made["drift"] = [{**one._asdict(), "sentence": one.sentence} for one in each.drift]
        if not history:
            del made["releases"]
        found.append(made)
    return found
