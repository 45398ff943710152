"""Objects that left an app's templates, taken out of the cluster: only what the pipeline itself applied.

What cannot be made again from the templates stays, and is named: claims (their data), Secrets that a verified
release was deployed with (their data is kept nowhere else), Jobs that still run; and what a chart says is to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from toolkit.base.outcome import Misused
from toolkit.base.spaces import Space
from toolkit.cluster.access.rules import Deed, allows
from toolkit.cluster.api.allowed import own_rules
from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.release import ordering, release_store
from toolkit.objects import manifests
from toolkit.objects.fields import at, mapping, objects, shown, text
from toolkit.objects.resources import BUILT_IN, Resource, group_of, is_a, key_of

Json = dict[str, Any]

SIDE_BY_SIDE = 6
# Whose an object is stands in its metadata: the rest of it, a Secret's data above all, is not asked for.
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_NEVER_APPLIED = ("Event",)
# What a chart says of an object that is to outlive its release (Helm's documentation, tips and tricks).
_POLICY = "helm.sh/resource-policy"
_FORBIDDEN = 403
# Not allowed, not served, or a kind that cannot be listed.
_PASSED_OVER = (_FORBIDDEN, 404, 405)


def leftovers(
    connection: Connection,
    namespace: str,
    app: str,
    found: Sequence[Json],
    say: Callable[[str], None] = lambda _: None,
) -> list[Json]:
    """The app's objects in a namespace that the pipeline applied and that are not among these.

    They carry the app's label and the pipeline's, and its apply is on record in their managedFields; nothing
    owns them and nobody else applies them. Each has apiVersion, kind and metadata only; workloads come first.
    Kinds that may not be listed are passed over; say gets a line on those that the app has or had.
    """
    wanted = {key_of(obj, namespace) for obj in found}
    selector = {
        manifests.APP_GROUP: manifests.group_of(app),
        manifests.MANAGED_BY: manifests.MANAGER,
    }
    query = urlencode({"labelSelector": ",".join(f"{key}={value}" for key, value in selector.items())})

    def listed(resource: Resource) -> list[Json] | None:
        try:
            page = connection.json("GET", f"{resource.path(namespace)}?{query}", headers={"Accept": METADATA})
        except ApiError as error:
            if error.status not in _PASSED_OVER:
                raise
            return None if error.status == _FORBIDDEN else []
        return [
            {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": mapping(each, "metadata")}
            for each in objects(page, "items")
        ]

    had = [*found, *_recorded(connection, namespace, app)]
    kinds = _listable(connection, namespace, _kinds(connection, had))
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="prune") as executor:
        pages = [*zip(kinds, executor.map(listed, kinds), strict=True)]
    # Rules that are not told whole name no kind that may not be listed: only the list itself does.
    seen = {(group_of(each.api_version), each.kind) for each, page in pages if page is not None}
    hidden = {text(obj, "kind") for obj in had if key_of(obj)[:2] not in seen}
    if hidden:
        named = ", ".join(sorted(hidden))
        say(f"{named} may not be listed: what of these is not in the templates any more stays")
    live = [obj for _, page in pages for obj in page or ()]
    left = [obj for obj in live if key_of(obj, namespace) not in wanted and _is_ours(obj)]
    return sorted(
        left, key=lambda obj: (-ordering.rank(obj), text(obj, "kind"), text(obj, "metadata", "name"))
    )


def prune(connection: Connection, left: Sequence[Json], space: Space) -> list[str]:
    """Delete what is left over, say each, and return what was deleted ("Kind/name").

    Somebody who made an object anew in the meantime keeps it. What may not be deleted is said and stays: the
    release is rolled out all the same. Raises Unreachable.
    """
    gone = []
    for obj in left:
        why = _why_it_stays(connection, obj)
        if not why:
            try:
                connection.delete(connection.path_of(obj), uid=text(obj, "metadata", "uid"))
            except ApiError as error:
                why = error.reason
            else:
                gone.append(shown(obj))
                space.say(f"deleted {shown(obj)}: it is not in the templates any more")
                continue
        space.say(f"{shown(obj)} is not in the templates any more and stays: {why}")
    return gone


def _is_ours(obj: Json) -> bool:
    """Whether the pipeline, nobody else, applied it, and it is neither owned nor on its way out."""
    appliers = {
        text(entry, "manager")
        for entry in objects(obj, "metadata", "managedFields")
        if entry.get("operation") == "Apply" and not entry.get("subresource")
    }
    owned = objects(obj, "metadata", "ownerReferences")
    return appliers == {FIELD_MANAGER} and not owned and not at(obj, "metadata", "deletionTimestamp")


def _kinds(connection: Connection, known: Iterable[Json]) -> list[Resource]:
    """Where to look: the built-in kinds, and whatever else the app has or had."""
    places = {
        (group_of(each.api_version), each.kind): each
        for each in BUILT_IN.values()
        if each.namespaced and each.kind not in _NEVER_APPLIED
    }
    for obj in known:
        version, kind = text(obj, "apiVersion"), text(obj, "kind")
        place = (group_of(version), kind)
        if place not in places:
            try:
                places[place] = connection.resource(version, kind)
            except (Misused, ApiError):
                continue  # not served any more: then nothing of it is left either
    return [place for place in places.values() if place.namespaced]


def _listable(connection: Connection, namespace: str, kinds: list[Resource]) -> list[Resource]:
    """Those that the credential may list, as far as that is known: nothing is asked for in vain."""
    own = own_rules(connection, namespace)
    if not own.is_whole:
        return kinds
    return [
        each for each in kinds if allows(own.rules, Deed("list", group_of(each.api_version), each.plural))
    ]


def _recorded(connection: Connection, namespace: str, app: str, *, good: bool = False) -> list[Json]:
    """What was applied for the releases that are still on record; good: only for those that were verified."""
    data = release_store.read(connection, namespace, app)
    rows = [row for row in release_store.rows(data) if row.get("verified") or not good]
    return [obj for row in rows for obj in release_store.outline(data, row)]


def _why_it_stays(connection: Connection, obj: Json) -> str:
    """Why an object is not deleted, "" when it may be."""
    namespace, name = text(obj, "metadata", "namespace"), text(obj, "metadata", "name")
    if text(obj, "metadata", "annotations", _POLICY) == "keep":
        return f"it says so itself ({_POLICY}: keep)"
    if is_a(obj, "PersistentVolumeClaim"):
        return f"it holds data; to delete it: kubectl delete -n {namespace} pvc {name}"
    if is_a(obj, "Secret"):
        app = text(obj, "metadata", "labels", manifests.APP_GROUP).removeprefix(manifests.group_of(""))
        kept = _recorded(connection, namespace, app, good=True)
        if any(key_of(each, namespace) == key_of(obj, namespace) for each in kept):
            return "a release that may be gone back to needs it"
    if is_a(obj, ordering.JOB):
        live = connection.find(connection.path_of(obj))
        if mapping(live, "status").get("active"):
            return "it still runs"
    return ""
