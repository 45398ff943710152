"""What an Ingress leads to: Services and their ports, its class, its certificates. Pure.

https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.resources import Key, is_a

Json = dict[str, Any]


def references(obj: Json) -> Iterator[Reference]:
    """The backends without which a path answers 503; class and certificates may come from elsewhere."""
    if not is_a(obj, "Ingress"):
        return
    me = shown(obj)
    for place, backend in _backends(obj):
        service, other = mapping(backend, "service"), mapping(backend, "resource")
        if name := text(service, "name"):
            port = mapping(service, "port")
            part = str(port.get("name") or port.get("number") or "")
            yield Reference(to("Service", name), part, me, place)
        elif text(other, "kind") and text(other, "name"):
            key = Key(text(other, "apiGroup"), text(other, "kind"), "", text(other, "name"))
            yield Reference(key, "", me, place, is_certain=False)
    if name := text(obj, "spec", "ingressClassName"):
        yield Reference(to("IngressClass", name), "", me, "ingressClassName", is_certain=False)
    for row in objects(obj, "spec", "tls"):
        if name := text(row, "secretName"):
            yield Reference(to("Secret", name), "", me, "tls", is_certain=False)


def _backends(obj: Json) -> Iterator[tuple[str, Json]]:
    yield "defaultBackend", mapping(obj, "spec", "defaultBackend")
    for rule in objects(obj, "spec", "rules"):
        for path in objects(rule, "http", "paths"):
            yield f"{text(rule, 'host')}{text(path, 'path') or '/'}", mapping(path, "backend")
