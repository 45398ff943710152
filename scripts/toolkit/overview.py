"""What runs where: every app in every space as rows, from the cluster alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from toolkit import manifests
from toolkit.cluster import lock, progress, releases
from toolkit.cluster.connection import Connection
from toolkit.cluster.fields import mapping, number, objects, text
from toolkit.cluster.releases import Release
from toolkit.cluster.resources import built_in
from toolkit.model import App

Json = dict[str, Any]
NO_CODE = "no code yet"
HEADINGS = ("app", "space", "version", "since", "by", "verified", "ready", "note")


@dataclass(frozen=True)
class Row:
    """One app in one space. since is UTC ISO 8601; ready and wanted count pods; "" and 0 for nothing."""

    app: str
    environment: str
    space: str
    version: str = ""
    commit: str = ""
    branch: str = ""
    since: str = ""
    by: str = ""
    verified: bool = False
    ready: int = 0
    wanted: int = 0
    lock: str = ""
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of HEADINGS."""
        runs = bool(self.version or self.wanted)
        note = "; ".join(word for word in (self.note, self.lock and f"being deployed by {self.lock}") if word)
        return (
            self.app,
            self.space,
            self.version or "-",
            self.since or "-",
            self.by or "-",
            ("yes" if self.verified else "no") if runs else "-",
            f"{self.ready}/{self.wanted}" if runs else "-",
            note,
        )


def row(connection: Connection, app: App, environment: str, space: str) -> Row:
    """How one app is in one space now."""
    namespace = app.namespace_in(space)
    release = releases.current(connection, namespace, app.name)
    selector = f"{manifests.APP_GROUP}={manifests.group_of(app.name)}"
    found = connection.list(built_in("Deployment").path(namespace), labelSelector=selector)["items"]
    lease = connection.find(built_in("Lease").path(namespace, lock.name_of(app.name)))
    made = Row(
        app.name,
        environment,
        space,
        ready=sum(number(each, "status", "readyReplicas") for each in found),
        wanted=sum(number(each, "spec", "replicas", default=1) for each in found),
        lock=lock.holder_of(lease) if lease else "",
    )
    if release is None:
        note = "runs, but was not deployed by this toolkit" if found else "not deployed"
        return replace(made, note=NO_CODE if app.pending and not found else note)
    return replace(
        made,
        version=release.version,
        commit=release.commit,
        branch=release.branch,
        since=release.at,
        by=release.by,
        verified=release.verified,
        note=drift(found, release),
    )


def drift(deployments: Sequence[Json], release: Release) -> str:
    """What differs from the release: an unfinished deployment or a change by hand; "" when nothing does."""
    if not deployments:
        return "its Deployments are gone"
    wanted = {progress.digest_of(image) for image in release.images.values()} - {""}
    for each in deployments:
        named = text(each, "metadata", "name")
        containers = objects(each, "spec", "template", "spec", "containers")
        running = {progress.digest_of(text(container, "image")) for container in containers} - {""}
        if wanted and running and not running & wanted:
            given = text(mapping(each, "metadata", "annotations"), manifests.VERSION)
            of = f" of {given}" if given and given != release.version else ""
            return f"{named} is set to another image{of}: unfinished deployment, or changed by hand"
        if not progress.complete(each):
            return f"{named} is not fully rolled out"
    return ""


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as aligned lines, headings first."""
    cells = [HEADINGS, *(each.cells() for each in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return [
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def without_code(rows: Sequence[Row]) -> list[str]:
    """The apps that run nowhere because they have no code yet; a line per space would say nothing more."""
    absent = {each.app for each in rows if each.note == NO_CODE}
    return [app for app in absent if all(each.note == NO_CODE for each in rows if each.app == app)]


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows for machines."""
    return [asdict(each) for each in rows]
