"""The Secrets that pods use: their values are learnt in order to mask them, and written nowhere."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from toolkit.base.redaction import Secret, is_secret_name
from toolkit.cluster.api.reader import NotHad, Reader
from toolkit.objects.fields import mapping, objects, text
from toolkit.objects.resources import built_in

# Of a namespace with hundreds of Secrets an app uses a few.
MOST = 40
_WORDS = frozenset({"true", "false", "localhost", "default", "production", "development", "staging"})
# Keys of Secrets whose values are addresses rather than credentials: a log without them tells nothing.
_ADDRESS_KEY = re.compile(r"(^|[_.-])(host|hostname|port|region|bucket|endpoint|address|starttls)$", re.I)


class Used(NamedTuple):
    """One ConfigMap or Secret that a pod refers to: its keys, None when there is no such object, and why its
    content could not be read."""

    kind: str
    name: str
    keys: tuple[str, ...] | None
    trouble: str = ""


KINDS = ("ConfigMap", "Secret")


def learn(reader: Reader, namespace: str, holders: Iterable[Any], kinds: Sequence[str] = KINDS) -> list[Used]:
    """Register the values of the Secrets that pods (or workloads, by their template) use; names and keys of
    these and of their ConfigMaps, for a person."""
    found: list[Used] = []
    wanted = [each for each in sorted(references(holders)) if each[0] in kinds]
    for kind, name in wanted[:MOST]:
        try:
            obj = reader.get(built_in(kind).path(namespace, name))
        except NotHad as error:
            found.append(Used(kind, name, (), str(error)))
            continue
        if obj is not None and kind == "Secret":
            for key, value in mapping(obj, "data").items():
                _mask(key, value)
        keys = {**mapping(obj, "data"), **mapping(obj, "binaryData")}
        found.append(Used(kind, name, None if obj is None else tuple(sorted(map(str, keys)))))
    return found


def references(holders: Iterable[Any]) -> set[tuple[str, str]]:
    """("Secret" or "ConfigMap", name) of all that pods or templates refer to."""
    found: set[tuple[str, str]] = set()
    for holder in holders:
        spec = mapping(holder, "spec", "template", "spec") or mapping(holder, "spec")
        found |= {(kind, name) for kind, name in _of_spec(spec) if name}
    return found


def _of_spec(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for container in (*objects(spec, "initContainers"), *objects(spec, "containers")):
        for row in objects(container, "env"):
            yield "Secret", text(row, "valueFrom", "secretKeyRef", "name")
            yield "ConfigMap", text(row, "valueFrom", "configMapKeyRef", "name")
        for row in objects(container, "envFrom"):
            yield "Secret", text(row, "secretRef", "name")
            yield "ConfigMap", text(row, "configMapRef", "name")
    for volume in objects(spec, "volumes"):
        for source in (volume, *objects(volume, "projected", "sources")):
            yield "Secret", text(source, "secret", "secretName") or text(source, "secret", "name")
            yield "ConfigMap", text(source, "configMap", "name")
    for row in objects(spec, "imagePullSecrets"):
        yield "Secret", text(row, "name")


def _mask(key: str, encoded: Any) -> None:
    """Register a value of a Secret, and the forms in which a program may print it."""
    try:
        value = base64.b64decode(encoded).decode()
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError):
        return  # binary: no log prints it as it is
    Secret(str(encoded))
    if is_plain(key, value):
        return
    Secret(value)
    Secret(quote(value.strip(), safe=""))
    try:
        password = urlsplit(value.strip()).password
    except ValueError:
        password = None
    if password:
        Secret(password)
        Secret(unquote(password))


def is_plain(key: str, value: str) -> bool:
    """Whether a Secret's value is none: a number, a flag, an IP address, a host by its key's name."""
    value = value.strip()
    if is_secret_name(key):
        return False
    if value.lower() in _WORDS or value.isdigit() or (_ADDRESS_KEY.search(key) and "@" not in value):
        return True
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
