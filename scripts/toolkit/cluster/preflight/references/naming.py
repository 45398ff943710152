"""The Service that gives a StatefulSet's pods their names. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import shown, text
from toolkit.objects.resources import is_a

Json = dict[str, Any]


def references(obj: Json) -> Iterator[Reference]:
    """Its pods run without; they only have no names in the DNS."""
    name = text(obj, "spec", "serviceName")
    if is_a(obj, "StatefulSet") and name:
        yield Reference(to("Service", name), "", shown(obj), "serviceName", is_certain=False)
