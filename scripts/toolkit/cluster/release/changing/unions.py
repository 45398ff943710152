"""Fields of which only one may be there: a strategy and its parameters, a volume and its source.

Server-side apply takes out what was applied before and is not any more. What the API server filled in by
default nobody applied, so it stays, and the API server refuses it beside the new choice: a Deployment that
goes from RollingUpdate to Recreate, "spec.strategy.rollingUpdate: Forbidden". The way out has no moment in
between: first the pipeline is put on record as owner of what is left (which changes nothing else), then the
same apply again takes it out. https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.objects import field_owners
from toolkit.objects.field_owners import Path
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import TEMPLATES
from toolkit.objects.resources import is_a

Json = dict[str, Any]

# Kind, where the union is, its discriminator, and what belongs to which choice.
UNIONS: tuple[tuple[str, tuple[str, ...], str, dict[str, str]], ...] = (
    ("Deployment", ("spec", "strategy"), "type", {"rollingUpdate": "RollingUpdate"}),
    ("StatefulSet", ("spec", "updateStrategy"), "type", {"rollingUpdate": "RollingUpdate"}),
    ("DaemonSet", ("spec", "updateStrategy"), "type", {"rollingUpdate": "RollingUpdate"}),
)
# A volume's source is whatever it has beside its name.
_VOLUMES = ("spec", "volumes")


class Left(NamedTuple):
    """A member of a union that is there and does not go with what is wanted. owner: who else than the
    pipeline owns it, "" for nobody."""

    path: Path
    value: Any
    owner: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Why it cannot be applied, where somebody else owns it."""
        field = field_owners.shown(self.path)
        return f'{field} does not go with what is to be applied, and belongs to "{self.owner}"'


def left_over(wanted: Json, live: Any) -> list[Left]:
    """What of an object that is there has to be out for what is wanted to be in."""
    others = [
        entry
        for entry in objects(live, "metadata", "managedFields")
        if not (text(entry, "manager") == FIELD_MANAGER and entry.get("operation") == "Apply")
    ]
    found = []
    for path in [*_strategies(wanted, live), *_volumes(wanted, live)]:
        owner = next((field_owners.name_of(entry) for entry in others if _has(entry, path)), "")
        found.append(Left(path, field_owners.at(live, path), owner, _remedy(wanted, path)))
    return found


def own(connection: Connection, live: Json, left: Sequence[Left]) -> None:
    """Put the pipeline on record as who applied what is left, so that its next apply takes it out.

    Raises ApiError, of status 409 when somebody wrote the object in between.
    """
    entries = copy.deepcopy(objects(live, "metadata", "managedFields"))
    mine = next((entry for entry in entries if _is_ours(entry)), None)
    if mine is None:
        mine = {
            "manager": FIELD_MANAGER,
            "operation": "Apply",
            "apiVersion": text(live, "apiVersion"),
            "fieldsType": "FieldsV1",
            "time": text(live, "metadata", "creationTimestamp"),
            "fieldsV1": {},
        }
        entries.append(mine)
    for each in left:
        node = mine.setdefault("fieldsV1", {})
        for key in field_owners.spelled(each.path):
            node = node.setdefault(key, {})
        node.update(field_owners.tree(each.value))
    metadata = {"managedFields": entries, "resourceVersion": text(live, "metadata", "resourceVersion")}
    connection.merge(connection.path_of(live), {"metadata": metadata})


def without(wanted: Json, left: Iterable[Left]) -> Json:
    """The object as a strategic merge patch that takes out what is left: what the two steps come to."""
    patch = copy.deepcopy(wanted)
    for each in left:
        node: Any = patch
        for step in each.path[:-1]:
            node = field_owners.at(node, (step,))
        node[each.path[-1]] = None
    return patch


def _strategies(wanted: Json, live: Any) -> Iterator[Path]:
    for kind, path, discriminator, members in UNIONS:
        union = mapping(wanted, *path)
        choice = text(union, discriminator)
        if is_a(wanted, kind) and choice:
            for member, of in members.items():
                if choice != of and member not in union and member in mapping(live, *path):
                    yield (*path, member)


def _volumes(wanted: Json, live: Any) -> Iterator[Path]:
    """A volume without a source becomes an emptyDir by default."""
    for template in TEMPLATES:
        there = {text(each, "name"): each for each in objects(live, *template, *_VOLUMES)}
        for volume in objects(wanted, *template, *_VOLUMES):
            old, name = there.get(text(volume, "name"), {}), text(volume, "name")
            if "emptyDir" in old and "emptyDir" not in volume and len(volume) > 1:
                yield (*template, *_VOLUMES, (("name", name),), "emptyDir")


def _has(entry: Json, path: Path) -> bool:
    """Whether a manager owns something at a path or below."""
    node = mapping(entry, "fieldsV1")
    for key in field_owners.spelled(path):
        found = node.get(key)
        if found is None:
            return False
        node = mapping(found)
    return True


def _is_ours(entry: Json) -> bool:
    return (
        text(entry, "manager") == FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    )


def _remedy(wanted: Json, path: Path) -> str:
    where = f"-n {text(wanted, 'metadata', 'namespace')} {shown(wanted).lower()}"
    if all(isinstance(step, str) for step in path):
        pointer = "/".join(str(step) for step in path)
        change = f'[{{"op":"remove","path":"/{pointer}"}}'
        union = "/".join(str(step) for step in path[:-1])
        kind = text(mapping(wanted, *(str(step) for step in path[:-1])), "type")
        change += f',{{"op":"replace","path":"/{union}/type","value":"{kind}"}}]'
        return f"kubectl patch {where} --type=json -p '{change}', and deploy again"
    return "give the volume another name"
