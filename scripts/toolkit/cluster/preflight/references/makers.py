"""What will be there although no manifest is it: objects that other objects make. Pure.

A StatefulSet makes claims. Custom resources make Secrets, ConfigMaps, Services: one that names the missing
object is taken at its word; of any other it is not known, and what is missing is only likely to stay so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from toolkit.objects.fields import mapping, number, objects, text
from toolkit.objects.pods import claims, templates
from toolkit.objects.resources import Key, group_of, is_a, is_own_group

Json = dict[str, Any]

_MADE = ("Secret", "ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim")
# Custom kinds that are known to make none of these.
_IDLE_GROUPS = ("monitoring.coreos.com",)


class Makers:
    """What the objects of a deployment may bring into being beside themselves."""

    def __init__(self, found: Iterable[Json]) -> None:
        known = list(found)
        self._claims = [_claim_pattern(obj, claim) for obj in known for claim in claims(obj)]
        self._claims += [_own_volume(obj, volume) for obj, volume in _ephemeral(known)]
        custom = [obj for obj in known if not is_own_group(group_of(text(obj, "apiVersion")))]
        self._custom = [obj for obj in custom if group_of(text(obj, "apiVersion")) not in _IDLE_GROUPS]
        self._words = {word for obj in self._custom for word in _words(obj)}
        # A controller may go by an annotation: a Service that asks for its certificate, an Ingress.
        marks = [mapping(obj, "metadata", "annotations") for obj in known]
        self._words |= {str(value) for each in marks for value in each.values()}
        self._words |= {
            text(row, "secretName")
            for obj in known
            if is_a(obj, "Ingress")
            and any("issuer" in key for key in mapping(obj, "metadata", "annotations"))
            for row in objects(obj, "spec", "tls")
        }

    def makes(self, key: Key) -> bool:
        """Whether one of them says that it will make this object."""
        if key.kind not in _MADE or not is_own_group(key.group):
            return False
        if key.kind == "PersistentVolumeClaim" and any(each.fullmatch(key.name) for each in self._claims):
            return True
        return key.name in self._words

    def may_make(self, key: Key) -> bool:
        """Whether one of them is of a kind that might, for all that is known."""
        return self.are_unknown and key.kind in _MADE

    @property
    def are_unknown(self) -> bool:
        """Whether there are custom resources of which it is not known what they make."""
        return bool(self._custom)


def _claim_pattern(obj: Json, claim: Json) -> re.Pattern[str]:
    """<claim>-<set>-<ordinal>, for as many as it has replicas."""
    first = number(obj, "spec", "ordinals", "start")
    last = first + max(number(obj, "spec", "replicas", default=1), 1) - 1
    ordinals = "|".join(str(each) for each in range(first, min(last, first + 999) + 1))
    named = f"{text(claim, 'metadata', 'name')}-{text(obj, 'metadata', 'name')}"
    return re.compile(f"{re.escape(named)}-(?:{ordinals})")


def _ephemeral(found: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    for obj, template in templates(found):
        for volume in objects(template, "spec", "volumes"):
            if mapping(volume, "ephemeral"):
                yield obj, volume


def _own_volume(obj: Json, volume: Json) -> re.Pattern[str]:
    """<pod>-<volume>; the pods of all but a Pod have names that begin with their maker's."""
    rest = "" if is_a(obj, "Pod") else "-.+"
    return re.compile(f"{re.escape(text(obj, 'metadata', 'name'))}{rest}-{re.escape(text(volume, 'name'))}")


def _words(value: Any) -> Iterator[str]:
    """Every text in an object."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _words(each)
