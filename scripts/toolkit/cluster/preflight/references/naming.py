"""What goes by a Service's name: the pods of a StatefulSet, and $(X_SERVICE_HOST) in a container. Pure.

https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import containers, is_idle, is_maker, name_of, templates
from toolkit.objects.resources import is_a

Json = dict[str, Any]

# $(NAME) that is not written $$(NAME); a Service's name in it is in capitals, "-" as "_".
_TOLD = re.compile(r"(?<!\$)\$\((([A-Z][A-Z0-9_]*)_SERVICE_(?:HOST|PORT)[A-Z0-9_]*)\)")
# The API server's own Service is told of in every namespace.
_EVERYWHERE = "kubernetes"


def references(obj: Json) -> Iterator[Reference]:
    """What would stay as it is written, $(...), where there is no such Service when the pod starts. A
    StatefulSet's pods run without their Service; they only have no names in the DNS."""
    name = text(obj, "spec", "serviceName")
    if is_a(obj, "StatefulSet") and name:
        yield Reference(to("Service", name), "", shown(obj), "serviceName", is_certain=False)
    is_certain = is_maker(obj) and not is_idle(obj)
    for _, template in templates([obj]):
        if mapping(template, "spec").get("enableServiceLinks") is False:
            continue
        for container in containers(template):
            for service, place in dict.fromkeys(_told(container)):
                if service != _EVERYWHERE:
                    certain = is_certain and not container.get("envFrom")
                    yield Reference(to("Service", service), "", shown(obj), place, certain)


def _told(container: Json) -> Iterator[tuple[str, str]]:
    """The Services that a container is told of, and where it says so; not what its own variables say."""
    variables = objects(container, "env")
    own = {text(each, "name") for each in variables}
    places = [(f"env {text(each, 'name')}", text(each, "value")) for each in variables]
    for field in ("command", "args"):
        words = container.get(field)
        places += [(field, str(word)) for word in words or ()] if isinstance(words, list) else []
    for place, value in places:
        for variable, service in _TOLD.findall(value):
            if variable not in own:
                yield service.lower().replace("_", "-"), f"{name_of(container)}, {place}"
