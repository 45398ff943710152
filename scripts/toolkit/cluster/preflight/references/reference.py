"""One reference from an object to another, by name. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from toolkit.objects.resources import GROUPS, Key

Json = dict[str, Any]


class Reference(NamedTuple):
    """Something that an object needs. to: what, "" for the namespace when it is the app's own; part: which
    key or port of it, "" when the object is enough; by: who refers to it ("Deployment/x"); place: where in it
    ("container api, env DATABASE_URL"). is_certain: whether nothing works without it; else it is a warning.
    """

    to: Key
    part: str
    by: str
    place: str
    is_certain: bool = True


def to(kind: str, name: str, namespace: str = "") -> Key:
    """The key of an object of a built-in kind."""
    return Key(GROUPS[kind], kind, namespace, name)
