"""An app in one space, reached and locked: what a deployment and a recovery work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from toolkit.base import console
from toolkit.base.outcome import Failed, Outcome, PipelineError
from toolkit.base.spaces import Space
from toolkit.cluster import evidence
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.diagnosis.scene import Scene, look
from toolkit.cluster.release import lock, releases
from toolkit.cluster.release.releases import Release
from toolkit.health.healthcheck import NotDeployed, reached
from toolkit.objects import manifests
from toolkit.settings.model import App
from toolkit.settings.request import Request


class Site(NamedTuple):
    """An app in a space, with a connection to it and its lock."""

    request: Request
    app: App
    space: Space
    connection: Connection
    held: lock.Held

    @property
    def namespace(self) -> str:
        """The app's namespace there."""
        return self.app.namespace_in(self.space.name)

    @property
    def is_automatic(self) -> bool:
        """Whether a rollback is asked for without being told, for this app in this environment."""
        place = self.request.place
        return place is not None and self.app.policy_in(place.environment).rollback == "auto"

    @property
    def who(self) -> str:
        """Who does it."""
        return self.request.source.author or lock.somebody()


@contextmanager
def locked(request: Request, space: Space, wait: float) -> Iterator[tuple[Site, Release]]:
    """The app in a space, locked, and the release that is there. Raises NotDeployed when there is none."""
    app = request.app
    namespace = app.namespace_in(space.name)
    connection = reached(request, space)
    who = request.source.author or lock.somebody()
    with lock.held(connection, namespace, app.name, run=request.run, who=who, space=space, wait=wait) as held:
        current = releases.current(connection, namespace, app.name)
        if current is None:
            raise NotDeployed(app, space.name)
        yield Site(request, app, space, connection, held), current


def keep_evidence(site: Site, release: Release, failed: Outcome, scene: Scene | None) -> Path:
    """The evidence as files of the run's record; the path of their summary."""
    connection, namespace = site.connection, site.namespace
    if scene is None or not scene.objects:
        try:
            scene = look(connection, namespace, manifests.selector_of(site.app))
        except PipelineError:
            scene = Scene()  # out of reach: the summary says what little is known
    serving = _serving(site, release)
    about = evidence.About(
        app=site.app.name,
        environment=site.request.environment,
        space=site.space.name,
        namespace=namespace,
        version=release.version,
        commit=release.commit,
        run=release.run,
        by=release.by,
        stage=site.request.evidence.name,
        outcome=failed,
        serving=serving,
        selector=manifests.selector_of(site.app),
    )
    folder = site.request.evidence / "evidence" / site.space.name
    if site.app.name != site.request.app.name:
        folder = folder / site.app.name
    summary = evidence.keep(folder, connection, scene, about)
    site.space.say(f"evidence: {console.shown(summary)}")
    return summary


def recorded(request: Request, file: Path) -> str:
    """A file's path as the record of the run tells it: relative to the run's folder."""
    run = request.evidence.parent.parent
    return str(file.relative_to(run)) if file.is_relative_to(run) else str(file)


def _serving(site: Site, release: Release) -> str:
    """The version that serves while this one does not: the last one that was rolled out."""
    try:
        known = releases.history(site.connection, site.namespace, site.app.name)
    except Failed:
        return ""
    others = [each for each in known if each.id != release.id and each.state == releases.DEPLOYED]
    return others[0].version if others else ""
