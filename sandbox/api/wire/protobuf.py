"""Kubernetes' protobuf bodies to JSON: what Go clients, kubectl among them, send when they create something.

Only reading: every such client also accepts JSON. Field numbers are in protobuf.messages.txt. Pure.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#kubernetes-protobuf-encoding.
"""

from __future__ import annotations

import base64
import json
import struct
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_DEEPEST = 100
# Options have one shape, whatever group they say.
_EVERYWHERE = {"DeleteOptions": "meta.DeleteOptions"}
Fields = dict[int, tuple[str, str]]


class WireError(ValueError):
    """The bytes are not a message of the API; str() says why in a sentence."""


@cache
def _messages() -> dict[str, Fields]:
    messages: dict[str, Fields] = {}
    for line in Path(__file__).with_name("protobuf.messages.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, *fields = line.split()
            parts = (field.split(":") for field in fields)
            messages[name] = {int(number): (key, type) for number, key, type in parts}
    return messages


def decode(body: bytes) -> dict[str, Any]:
    """The object in a request body as JSON has it. WireError when it is damaged or of an unknown kind."""
    if not body.startswith(_MAGIC):
        raise WireError("the body does not begin as Kubernetes' protobuf does")
    try:
        envelope = dict(_fields(body[len(_MAGIC) :]))
        told = {number: _text(value) for number, value in _fields(envelope.get(1, b""))}
        api_version, kind = told.get(1, ""), told.get(2, "")
        group, _, version = api_version.rpartition("/")
        place = f"{group.split('.')[0]}{'' if version == 'v1' else version}." if group else ""
        name = _EVERYWHERE.get(kind, f"{place}{kind}")
        if name not in _messages():
            raise WireError(f'no kind "{kind}" is known in version "{api_version}"')
        return {"apiVersion": api_version, "kind": kind, **_message(envelope.get(2, b""), name, 0)}
    except WireError:
        raise
    except (IndexError, struct.error, ValueError, TypeError, OverflowError, OSError) as error:
        raise WireError(f"the body is not a whole protobuf message ({type(error).__name__})") from None


def _text(raw: Any) -> str:
    if not isinstance(raw, bytes):
        raise TypeError("a number where text belongs")
    return raw.decode()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise WireError("a number is too long")


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) pairs: int for numbers, bytes for everything with a length."""
    if not isinstance(data, bytes):
        raise TypeError("a number where a message belongs")
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value - (1 << 64) if value >> 63 else value
            case 1:
                yield tag >> 3, struct.unpack_from("<d", data, at)[0]
                at += 8
            case 2:
                size, at = _varint(data, at)
                if at + size > len(data):
                    raise WireError("the body is cut short")
                yield tag >> 3, data[at : at + size]
                at += size
            case _:
                raise WireError("the body has a field of an unknown form")


def _message(data: bytes, name: str, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise WireError("the body is nested too deeply")
    fields = _messages()[name]
    obj: dict[str, Any] = {}
    for number, raw in _fields(data):
        if number not in fields:
            continue
        key, type = fields[number]
        if not key:
            obj.update(_value(raw, type, depth))
        elif type[0] == "+":
            obj.setdefault(key, []).append(_value(raw, type[1:], depth))
        elif type[0] == "%":
            entry = dict(_fields(raw))
            held = entry.get(2, 0 if type[1:] in ("n", "b") else b"")
            obj.setdefault(key, {})[_text(entry.get(1, b""))] = _value(held, type[1:], depth)
        elif type[0] == "*":
            obj[key] = _value(raw, type[1:], depth)
        # Go writes what is not optional even when it is empty, where its JSON leaves it out.
        elif (value := _value(raw, type, depth)) not in ("", 0, None):
            obj[key] = value
    return obj


def _value(raw: Any, type: str, depth: int) -> Any:
    match type:
        case "n" | "f":
            return raw + 0
        case "b":
            return bool(raw + 0)
        case "s":
            return _text(raw)
        case "y":
            return base64.b64encode(raw).decode()
        case "T" | "M":
            return _time(dict(_fields(raw)), type)
        case "Q":
            return _text(dict(_fields(raw)).get(1, b""))
        case "I":
            parts = dict(_fields(raw))
            return _text(parts.get(3, b"")) if parts.get(1) else parts.get(2, 0)
        case "R" | "V":
            return json.loads(_text(dict(_fields(raw)).get(1, b"")) or "null")
        case "L":
            return [_text(item) for _, item in _fields(raw)]
    return _message(raw, type, depth + 1)


def _time(parts: dict[int, Any], type: str) -> str | None:
    if not parts:
        return None
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(parts.get(1, 0)))
    return f"{text}.{parts.get(2, 0) // 1000:06}Z" if type == "M" else f"{text}Z"
