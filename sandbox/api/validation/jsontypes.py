"""Whether a JSON value has the types that its schema says, in the words of the API server's decoder."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterator
from typing import Any

from sandbox.api.types.schema import Schema, Shape
from sandbox.base.quantity import parse

INT64_FIELDS = re.compile(
    r"(Seconds|Generation|Time|runAs(User|Group)|fsGroup|sizeBytes|generation|expiration\w*)$"
)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_GO = {"str": "string", "bool": "bool", "float": "float64", "bytes": "[]uint8", "datetime": "v1.Time"}
_INT32_SECONDS = frozenset(
    ("timeoutSeconds", "periodSeconds", "initialDelaySeconds", "minReadySeconds", "progressDeadlineSeconds")
)


def mismatches(value: Any, schema: Schema) -> Iterator[tuple[str, str]]:
    """(path with indices, the decoder's sentence) for each value of the wrong type; null fits everywhere."""
    yield from _walk("", "", "", value, schema)


def _walk(path: str, plain: str, owner: str, value: Any, schema: Schema) -> Iterator[tuple[str, str]]:
    if value is None or schema.shape is Shape.ANY:
        return
    if schema.shape is Shape.LIST:
        if not isinstance(value, list):
            yield path, _sentence(value, owner, plain, f"[]{_go(schema.item, plain)}")
            return
        for i, item in enumerate(value):
            yield from _walk(f"{path}[{i}]", plain, owner, item, schema.item)
    elif schema.shape is Shape.SCALAR:
        why = _scalar(value, schema.name, plain)
        if why == _WRONG:
            yield path, _sentence(value, owner, plain, _go(schema, plain))
        elif why:
            yield path, why
    elif not isinstance(value, dict):
        yield path, _sentence(value, owner, plain, _go(schema, plain))
    else:
        for key, inner in value.items():
            at = f"{path}.{key}" if path else key
            # Go names fields, not the keys of maps.
            if schema.shape is Shape.OBJECT:
                yield from _walk(
                    at, f"{plain}.{key}" if plain else key, _struct(schema.name), inner, schema.child(key)
                )
            else:
                yield from _walk(at, plain, owner, inner, schema.child(key))


_WRONG = "wrong"


def _scalar(value: Any, kind: str, plain: str) -> str:
    """ "" when it fits, _WRONG when its JSON type does not, else the sentence."""
    text, number = isinstance(value, str), isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "str":
            return "" if text else _WRONG
        case "bool":
            return "" if isinstance(value, bool) else _WRONG
        case "int":
            whole = isinstance(value, int) and not isinstance(value, bool)
            bits = 63 if _go_int(plain) == "int64" else 31
            return "" if whole and -(2**bits) <= value < 2**bits else _WRONG
        case "float":
            return "" if number else _WRONG
        case "int-or-string":
            return "" if text or (isinstance(value, int) and number and abs(value) < 2**31) else _WRONG
        case "bytes":
            return _base64(value) if text else _WRONG
        case "datetime":
            if not text:
                return _WRONG
            fits = not value or DATE_TIME.fullmatch(value)
            return "" if fits else f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse it'
        case _:
            return _quantity(value) if text or number else _QUANTITY


def _base64(value: str) -> str:
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        good = re.match(r"[A-Za-z0-9+/]*", value)
        return f"illegal base64 data at input byte {good.end() if good else 0}"
    return ""


def _quantity(value: str | int | float) -> str:
    if value == "" or value != value or (isinstance(value, str) and len(value) > 64):
        return _QUANTITY
    try:
        parse(value)
    except (ValueError, OverflowError):
        return _QUANTITY
    return ""


def _sentence(value: Any, owner: str, plain: str, go: str) -> str:
    return f"json: cannot unmarshal {_told(value)} into Go struct field {owner}.{plain} of type {go}"


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "object"
    # Go names the number only where the target is a number of another kind; naming it always helps more.
    return f"number {value}"


def _go_int(plain: str) -> str:
    name = plain.rpartition(".")[2]
    return "int64" if name not in _INT32_SECONDS and INT64_FIELDS.search(name) else "int32"


def _go(schema: Schema, plain: str) -> str:
    if schema.shape is Shape.OBJECT:
        return f"v1.{_struct(schema.name)}"
    if schema.shape is Shape.MAP:
        return f"map[string]{_go(schema.child(''), plain)}"
    if schema.shape is Shape.LIST:
        return f"[]{_go(schema.item, plain)}"
    if schema.name == "int":
        return _go_int(plain)
    return _GO.get(
        schema.name,
        {"quantity": "resource.Quantity", "int-or-string": "intstr.IntOrString"}.get(schema.name, ""),
    )


@functools.cache
def _struct(model: str) -> str:
    """V1DeploymentSpec -> DeploymentSpec, CoreV1Event -> Event."""
    return re.sub(r"^[A-Z]?[a-z]*?V\d+((alpha|beta)\d+)?", "", model)
