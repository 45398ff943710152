"""What the pods of an app, and of all that it needs, said while its suite failed."""

from __future__ import annotations

from pathlib import Path

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.reader import NotHad, Reader
from toolkit.cluster.evidence import logs
from toolkit.cluster.evidence.files import Folder
from toolkit.objects import manifests
from toolkit.objects.resources import built_in
from toolkit.settings.request import Request

SECONDS = 20.0


def keep(folder: Path, request: Request, connection: Connection, space: str) -> None:
    """Write the last lines of every container into folder/<app>/logs, secrets masked. Never raises for a
    cluster that does not answer: what could not be had is said in a file."""
    reader = Reader(connection, SECONDS)
    for app in (request.app, *request.config.needs_of(request.app)):
        if app.pending or request.place is None or space not in app.homes(request.place):
            continue
        kept = Folder(folder / app.name)
        home = app.namespace_in(space)
        try:
            pods = reader.list(built_in("Pod").path(home), labelSelector=manifests.selector_of(app))
        except NotHad as error:
            kept.write("missing.txt", f"no logs: {error}\n")
            continue
        logs.keep(kept, reader, home, pods)
