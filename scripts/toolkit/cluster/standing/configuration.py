"""Pods follow their configuration: the stamp of what they refer to, put on and held against what is there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.diagnosis import pods
from toolkit.cluster.release.ordering import WORKLOADS
from toolkit.objects import configuration
from toolkit.objects.configuration import FOLLOW, STAMP, Found, Keys
from toolkit.objects.fields import mapping, name, shown, text
from toolkit.objects.resources import built_in

Json = dict[str, Any]
TEMPLATE = ("spec", "template")
SIDE_BY_SIDE = 4
# What may not be read: its changes cannot be followed.
UNREADABLE: Json = {"unreadable": True}


def with_stamps(
    connection: Connection, namespace: str, found: Sequence[Json], say: Callable[[str], None] = lambda _: None
) -> list[Json]:
    """The same objects, the templates of their workloads stamped with what their pods refer to.

    What the manifests hold counts as it will be when it is applied, everything else as it is in the cluster.
    Jobs are left as they are: their templates cannot change, and each reads what there is when it runs.
    """
    ours = {(text(obj, "kind"), name(obj)): obj for obj in found if _brings_data(obj)}
    users = [obj for obj in found if obj.get("kind") in WORKLOADS and configuration.follows(obj)]
    wanted = {id(obj): configuration.referred(mapping(obj, *TEMPLATE)) for obj in users}
    names = sorted({each for referred in wanted.values() for each in referred})
    if not names:
        return list(found)
    live = _read(connection, namespace, names)
    for kind, named in [each for each in names if live[each] is UNREADABLE]:
        say(f"{kind}/{named} may not be read: pods do not follow its changes")
    there = {
        each: configuration.expected(ours[each], _known(live[each]), FIELD_MANAGER)
        if each in ours
        else live[each]
        for each in names
    }
    before = _read(connection, namespace, [(text(obj, "kind"), name(obj)) for obj in users])
    made = []
    for obj in found:
        value = _stamp(wanted.get(id(obj), {}), there, namespace)
        if value:
            obj = _annotated(obj, value)
            _tell(obj, _known(before[text(obj, "kind"), name(obj)]), value, say)
        made.append(obj)
    return made


def older(connection: Connection, namespace: str, found: Iterable[Json]) -> list[str]:
    """Sentences about pods that were started with other configuration than there is now."""
    stamps = {
        id(pod): (pod, configuration.stamped(text(pod, "metadata", "annotations", STAMP)))
        for pod in found
        if not pods.leaves(pod) and not pods.is_over(pod)
    }
    names = sorted({each for _, stamp in stamps.values() for each in stamp})
    if not names:
        return []
    live = _read(connection, namespace, names)
    behind: dict[Found, int] = {}
    for pod, stamp in stamps.values():
        referred = configuration.referred(pod)
        for each, digits in stamp.items():
            obj = live[each]
            if obj is UNREADABLE or each not in referred or not configuration.follows(obj):
                continue
            if configuration.digest(_kinded(obj, each), referred[each], namespace) != digits:
                behind[each] = behind.get(each, 0) + 1
    return [
        f"{count} pod{'' if count == 1 else 's'} of {len(stamps)} run with an older {kind}/{named}"
        for (kind, named), count in sorted(behind.items())
    ]


def _stamp(referred: Mapping[Found, Keys], there: Mapping[Found, Json | None], namespace: str) -> str:
    digests = {}
    for each, keys in referred.items():
        obj = there[each]
        if obj is not UNREADABLE and configuration.follows(obj):
            digests[each] = configuration.digest(_kinded(obj, each), keys, namespace)
    return configuration.stamp(digests)


def _kinded(obj: Json | None, found: Found) -> Json | None:
    """An answer of the API server need not name its kind."""
    return None if obj is None else {**obj, "kind": found[0]}


def _known(obj: Json | None) -> Json | None:
    return None if obj is UNREADABLE else obj


def _brings_data(obj: Json) -> bool:
    """A Secret that is put back by a rollback has no data: what is in the cluster stays."""
    if obj.get("kind") == "ConfigMap":
        return True
    return obj.get("kind") == "Secret" and bool(obj.get("data") or obj.get("stringData"))


def _read(connection: Connection, namespace: str, names: Sequence[Found]) -> dict[Found, Json | None]:
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="configuration") as executor:
        return dict(zip(names, executor.map(partial(_one, connection, namespace), names), strict=True))


def _one(connection: Connection, namespace: str, each: Found) -> Json | None:
    try:
        return connection.find(built_in(each[0]).path(namespace, each[1]))
    except ApiError as error:
        if error.status != 403:
            raise
        return UNREADABLE


def _annotated(obj: Json, value: str) -> Json:
    obj = copy.deepcopy(obj)
    metadata = mapping(obj, *TEMPLATE).setdefault("metadata", {})
    metadata["annotations"] = {**mapping(metadata, "annotations"), STAMP: value}
    return obj


def _tell(obj: Json, live: Json | None, value: str, say: Callable[[str], None]) -> None:
    """Say why pods will be made anew, where it is because of their configuration."""
    if live is None:
        return
    before = text(live, *TEMPLATE, "metadata", "annotations", STAMP)
    if not before:
        say(f"{shown(obj)}: its pods follow their configuration from now on, and are made anew once for that")
        return
    was, now = configuration.stamped(before), configuration.stamped(value)
    for kind, named in sorted(each for each in now if each in was and now[each] != was[each]):
        leave = f'{FOLLOW}: "false" on it leaves them'
        say(f"{kind}/{named} has changed: the pods of {shown(obj)} are made anew ({leave})")
