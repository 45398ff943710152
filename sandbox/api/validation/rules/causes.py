"""The problems that validation finds, in the words of k8s.io/apimachinery/pkg/util/validation/field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Causes = Iterator["Cause"]


@dataclass(frozen=True)
class Cause:
    """One problem of one field: `field` is its path, `reason` the API's word, `message` without the path."""

    field: str
    reason: str
    message: str


def shown(value: Any) -> str:
    """A value as messages quote it: text in double quotes, everything else as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def required(field: str, detail: str = "") -> Cause:
    """The field is missing or empty."""
    return Cause(field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def invalid(field: str, value: Any, detail: str) -> Cause:
    """The field has a value that it cannot have."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def unsupported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """The field has a word that is not one of a list."""
    known = ", ".join(f'"{word}"' for word in supported)
    return Cause(
        field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {known}"
    )


def duplicate(field: str, value: Any) -> Cause:
    """The value is there twice."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def forbidden(field: str, detail: str) -> Cause:
    """The field may not be set, or not any more."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}")


def not_found(field: str, value: Any) -> Cause:
    """The field names something that is not there."""
    return Cause(field, "FieldValueNotFound", f"Not found: {shown(value)}")


def too_long(field: str, limit: int) -> Cause:
    """The field holds more than `limit` bytes."""
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def immutable(field: str, value: Any) -> Cause:
    """The field had another value before, which it must keep."""
    return invalid(field, value, "field is immutable")


def at_least(field: str, value: Any, least: int = 0) -> Causes:
    """A number that must not be below `least`; absent is fine."""
    if isinstance(value, int) and value < least:
        yield invalid(field, value, f"must be greater than or equal to {least}")


def one_of(field: str, value: Any, supported: Iterable[str]) -> Causes:
    """A word from a list; absent is fine."""
    known = tuple(supported)
    if value is not None and value not in known:
        yield unsupported(field, value, known)
