"""Whether a deployment can work, asked before anything is written: all that is known to be wrong, at once.

Nothing here changes the cluster: objects are read, and written only as dry runs. First come the questions
about the namespace, then what inside.py asks in it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from toolkit.cluster.access.rights import Right
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.preflight import lookup, permissions
from toolkit.cluster.preflight.demands import NONE, Demands
from toolkit.cluster.preflight.dryrun import DryRun
from toolkit.cluster.preflight.inside import Inside
from toolkit.cluster.preflight.references import pods
from toolkit.cluster.preflight.saying.problem import Problem, distinct
from toolkit.cluster.release.scaling import autoscaled
from toolkit.objects.fields import text
from toolkit.settings.model import App, Cluster

Json = dict[str, Any]
Missing = Callable[[Iterable[str]], Mapping[str, str]]
Say = Callable[[str], None]

WORKERS = 8


def protected(cluster: Cluster, namespace: str) -> Problem | None:
    """Why apps.toml lets no deployment into a namespace, if so; asks nobody."""
    where = f"clusters.{cluster.name}.protected"
    for pattern in cluster.protected:
        if fnmatch.fnmatchcase(namespace, pattern):
            why = f'{where} in apps.toml names "{pattern}"'
            return lookup.barred(namespace, why, f"take it out of {where}")
    return None


def check(
    connection: Connection,
    app: App,
    namespace: str,
    found: Sequence[Json],
    *,
    coming: Sequence[Json] = (),
    images: Missing,
    suites: Sequence[Right] = (),
    demands: Demands = NONE,
    force: bool = False,
    say: Say = lambda _: None,
) -> list[Problem]:
    """All problems of applying the objects `found` to a namespace, roots first; [] when none is known. Those
    that are not certain are warnings.

    coming: fixtures that will be created before them, where they are absent. images(references) answers with
    {reference: why it cannot be had}. suites are the rights that its suites need there, demands
    what it needs besides. With force, what belongs to other managers is taken over. say gets a line for each
    thing that could not be asked, which is no problem. Raises Failed when the cluster does not answer or
    refuses the credential.
    """
    barred = protected(connection.cluster, namespace)
    if barred:
        return [barred]
    used = pods.images(found)
    coming = list(coming)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="preflight") as pool:
        pulled = pool.submit(images, list(used))
        scaled = pool.submit(autoscaled, connection, namespace, found)
        homeless = lookup.namespace(connection, namespace)
        problems = [homeless] if homeless else []
        if not homeless:
            kinds = frozenset(_kinds_of(coming))
            dry = DryRun(connection, app.name, scaled=scaled.result(), force=force, say=say, coming=kinds)
            problems = list(
                Inside(connection, app, namespace, dry, pool, suites, demands).problems(found, coming)
            )
        return distinct([*problems, *_not_pulled(used, pulled.result())])


def granted(
    connection: Connection, namespace: str, rights: Sequence[Right], say: Say = lambda _: None
) -> list[Problem]:
    """What of these rights the credential lacks in a namespace that is only looked into. Raises Failed when
    the cluster does not answer or refuses the credential."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="preflight") as pool:
        refused = permissions.lacking(connection, namespace, rights, pool, say)
    found = permissions.problems(connection, namespace, refused, lambda _: True)
    return [problem for rows in found.values() for problem in rows]


def _kinds_of(coming: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """The custom kinds (group, kind) that fixtures define."""
    for obj in coming:
        if text(obj, "kind") == "CustomResourceDefinition":
            yield text(obj, "spec", "group"), text(obj, "spec", "names", "kind")


def _not_pulled(used: Mapping[str, Sequence[str]], why: Mapping[str, str]) -> Iterator[Problem]:
    remedy = "build and push it (`make build`), or correct its name in the manifests"
    for image, users in used.items():
        if why.get(image):
            yield Problem(users[0], f"image {image}: {why[image]}", remedy)
