"""What must be there before an app can come, and what of it is: the list that the preflight asks for too."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from toolkit.base.outcome import PipelineError
from toolkit.cluster.access import reach
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.handover.rendering import rendered, values
from toolkit.cluster.preflight import databases, demands, lookup
from toolkit.cluster.preflight.references import gathering, parts
from toolkit.cluster.preflight.references.reference import Reference
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.cluster.release import provision
from toolkit.objects.fields import text
from toolkit.objects.resources import Key, built_in, key_of
from toolkit.settings.config import Config
from toolkit.settings.model import App, Place, Where

Json = dict[str, Any]
Connect = Callable[[Where], Connection]
_NAMESPACE = "Namespace"
_BLANK = "<to be filled in>"


class Item(NamedTuple):
    """One thing that must be there. parts are the keys or ports it must have; by: who needs it and where.

    is_there: None when it could not be asked, for the reason why; missing are the parts that it lacks; brings
    is the command that brings it, "" when it has to be created.
    """

    key: Key
    parts: tuple[str, ...]
    by: tuple[str, ...]
    is_there: bool | None = None
    why: str = ""
    missing: tuple[str, ...] = ()
    brings: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it is there, whole."""
        return self.is_there is True and not self.missing


class Prerequisites(NamedTuple):
    """What an app needs in one space, and what is wrong with what is there."""

    app: App
    space: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]
    fixtures: Mapping[Key, Json]


def look(config: Config, app: App, place: Place, space: str, connected: Connect) -> Prerequisites:
    """Everything that an app needs in a space of a place, looked for. connected gives the connection for a
    namespace, and may raise PipelineError. Raises Misused for a template with an error."""
    environment, home = place.environment.name, app.namespace_in(space)
    given = values(app, space, environment)
    found = rendered(app, space, environment)
    fixtures = {key_of(obj, home): obj for obj in provision.described(app, given)}
    asked = demands.of(config, app, place, space, fixtures.values())
    mine = {key_of(obj, home) for obj in found}
    references = [*gathering.references(found, home), *asked.references]
    looked = _Look(app.where(space), connected)
    wheres = reach.wheres(config, app, place._replace(spaces=(space,)))
    spaces = dict.fromkeys([*(where.namespace for where in wheres), *(key.namespace for key in fixtures)])
    items = [looked.namespace(name) for name in spaces if name]
    items += [
        looked.item(key, rows)._replace(brings=asked.remedies.get(key, "") if key.kind == "Service" else "")
        for key, rows in _sorted(each for each in references if each.to not in mine).items()
    ]
    wrong = databases.problems(found, looked.there, home)
    theirs = _of_others(config, app, place, space)
    return Prerequisites(app, space, tuple(items), tuple(wrong), {**theirs, **fixtures})


def _of_others(config: Config, app: App, place: Place, space: str) -> dict[Key, Json]:
    """The fixtures of the apps that it needs, which say what some of its own are to hold."""
    found: dict[Key, Json] = {}
    for need in config.needs_of(app):
        for home in need.homes(place._replace(spaces=(space,))) if not need.pending else ():
            for obj in provision.described(need, values(need, home, place.environment.name)):
                found[key_of(obj, need.namespace_in(home))] = obj
    return found


def _sorted(references: Iterable[Reference]) -> dict[Key, list[Reference]]:
    found: dict[Key, list[Reference]] = {}
    for each in references:
        found.setdefault(each.to, []).append(each)
    return found


class _Look:
    """Looks for objects, each in its namespace with the credential for it."""

    def __init__(self, own: Where, connected: Connect) -> None:
        self.own = own
        self.connected = connected
        self.there: dict[Key, Json | None] = {}
        self._absent: dict[str, bool] = {}

    def namespace(self, name: str) -> Item:
        """A namespace: it is there when what is in it may be listed, or when it may itself be read."""
        item = Item(Key("", _NAMESPACE, "", name), (), ("every stage",))
        try:
            self.connected(self.own._replace(namespace=name)).check(name)
        except ApiError as error:
            is_absent = error.status == 404
            self._absent[name] = is_absent
            return item._replace(is_there=False if is_absent else None, why=error.reason)
        except PipelineError as error:
            return item._replace(why=error.reason)
        return item._replace(is_there=True)

    def item(self, key: Key, rows: Sequence[Reference]) -> Item:
        """What these references lead to."""
        names = tuple(dict.fromkeys(row.part for row in rows if row.part))
        who = tuple(dict.fromkeys(f"{row.by} ({row.place})" for row in rows))
        item = Item(key, names, who)
        if self._absent.get(key.namespace):
            return item._replace(is_there=False)
        try:
            connection = self.connected(self.own._replace(namespace=key.namespace or self.own.namespace))
            found = lookup.there(connection, key)
        except PipelineError as error:
            return item._replace(why=error.reason)
        if key not in found:
            return item._replace(why="it may not be read")
        live = self.there[key] = found[key]
        if live is None:
            return item._replace(is_there=False)
        has = parts.of(live)
        return item._replace(is_there=True, missing=tuple(name for name in names if name not in has))


def to_create(found: Prerequisites) -> list[Json]:
    """Objects to fill in and apply: what is missing and no command brings. What a cluster that we provision
    gets is as it is made there; of all else it is what is known of it."""
    made = []
    for item in found.items:
        if (item.is_there is False or item.missing) and not item.brings:
            made.append(_object(item, found.fixtures.get(item.key)))
    return [obj for obj in made if obj]


def _object(item: Item, fixture: Json | None) -> Json:
    key = item.key
    if fixture is not None:
        return _plain(fixture)
    try:
        resource = built_in(key.kind)
    except KeyError:
        return {}
    metadata = {"name": key.name, **({"namespace": key.namespace} if resource.namespaced else {})}
    obj: Json = {"apiVersion": resource.api_version, "kind": key.kind, "metadata": metadata}
    field = {"Secret": "stringData", "ConfigMap": "data"}.get(key.kind)
    if field:
        obj[field] = dict.fromkeys(item.parts or ("<key>",), _BLANK)
    elif key.kind not in (_NAMESPACE, "ServiceAccount"):
        return {}
    return obj


def _plain(fixture: Json) -> Json:
    """A fixture for a person: values in words, also where they are to be in base64."""
    obj = dict(fixture)
    encoded = obj.pop("data", {}) if text(fixture, "kind") == "Secret" else {}
    known = {**obj.pop("stringData", {}), **{key: _words(value) for key, value in encoded.items()}}
    if known:
        obj["stringData"] = {key: _or_blank(value) for key, value in known.items()}
    if text(fixture, "kind") == "ConfigMap":
        obj["data"] = {key: _encoded(str(value)) for key, value in (fixture.get("data") or {}).items()}
    return obj


def _or_blank(value: Any) -> str:
    return _BLANK if str(value) == "-" else str(value)


def _encoded(value: str) -> str:
    """What a ConfigMap is to hold, where it is base64 of words for a person."""
    words = _words(value)
    return (
        f"<base64 of: {words.strip('<>')}>" if words != value and words.startswith("<") else _or_blank(value)
    )


def _words(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, ValueError):
        return str(value)
