"""A database in a file that two workloads are to share, each on a volume of its own. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import containers, is_idle, templates
from toolkit.objects.resources import GROUPS, Key

Json = dict[str, Any]
SQLITE = "sqlite:"
_REMEDY = (
    "let the Secret name a database server (postgresql://...), or give them one claim that all can write"
)


def problems(found: Iterable[Json], there: Mapping[Key, Json | None], namespace: str) -> list[Problem]:
    """SQLite in an emptyDir, told by one key of a Secret to several workloads: each pod would have its own.

    there holds the Secrets that could be read.
    """
    users: dict[tuple[str, str], list[str]] = {}
    for obj, template in templates([obj for obj in found if not is_idle(obj)]):
        for secret, key, path in dict.fromkeys(_files(template, there, namespace)):
            if _is_own(template, path):
                users.setdefault((secret, key), []).append(shown(obj))
    return [
        Problem(
            f"Secret/{secret}",
            f'its key "{key}" names a SQLite file, which would be in an emptyDir: '
            f"{' and '.join(who)} would each have a database of their own",
            _REMEDY,
        )
        for (secret, key), rows in users.items()
        if len(who := list(dict.fromkeys(rows))) > 1
    ]


def _files(
    template: Json, there: Mapping[Key, Json | None], namespace: str
) -> Iterator[tuple[str, str, str]]:
    """Secret, key and path of each SQLite file that a pod is told of."""
    for container in containers(template):
        for variable in objects(container, "env"):
            source = mapping(variable, "valueFrom", "secretKeyRef")
            name, key = text(source, "name"), text(source, "key")
            value = _value(there.get(Key(GROUPS["Secret"], "Secret", namespace, name)), key)
            if value.startswith(SQLITE):
                yield name, key, value.partition("///")[2].partition("?")[0]


def _value(secret: Json | None, key: str) -> str:
    if plain := text(secret, "stringData", key):
        return plain
    try:
        return base64.b64decode(text(secret, "data", key)).decode()
    except (binascii.Error, ValueError):
        return ""


def _is_own(template: Json, path: str) -> bool:
    """Whether a file is in a volume that each pod has for itself."""
    volumes = {text(each, "name") for each in objects(template, "spec", "volumes") if "emptyDir" in each}
    mounts = [
        (text(mount, "mountPath").rstrip("/"), text(mount, "name") in volumes)
        for container in containers(template)
        for mount in objects(container, "volumeMounts")
    ]
    under = [(len(at), own) for at, own in mounts if path.startswith(f"{at}/")]
    return max(under, default=(0, False))[1]
