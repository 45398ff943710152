"""What printers share: the shape of one, and cells that several kinds have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.api.reading.printers.times import since
from sandbox.api.types.sections import each, section

Object = dict[str, Any]
NONE, UNSET = "<none>", "<unset>"


@dataclass(frozen=True)
class Printer:
    """How one kind is shown: a cell per column. A column that starts with "+" is for `-o wide` only."""

    columns: tuple[str, ...]
    cells: Callable[[Object, float], list[Any]]


def printer(columns: str, cells: Callable[[Object, float], list[Any]]) -> Printer:
    """Columns in one string, two spaces between them."""
    return Printer(tuple(columns.split("  ")), cells)


def name(obj: Object) -> str:
    """metadata.name."""
    return str(section(obj, "metadata").get("name", ""))


def age(obj: Object, now: float) -> str:
    """The time since metadata.creationTimestamp."""
    return since(section(obj, "metadata").get("creationTimestamp"), now)


def labels(values: Object) -> str:
    """app=web,tier=front"""
    return ",".join(f"{key}={values[key]}" for key in sorted(values)) or NONE


def selector(value: Object) -> str:
    """A metav1.LabelSelector in the notation of -l."""
    terms = [f"{key}={text}" for key, text in sorted(section(value, "matchLabels").items())]
    for term in each(value, "matchExpressions"):
        key, operator, values = term.get("key"), term.get("operator"), ",".join(term.get("values") or ())
        spelled = {"Exists": f"{key}", "DoesNotExist": f"!{key}", "In": f"{key} in ({values})"}
        terms.append(spelled.get(str(operator), f"{key} notin ({values})"))
    return ",".join(terms) or NONE


def containers(pod_spec: Object) -> list[str]:
    """Names and images of a template's containers."""
    found = each(pod_spec, "containers")
    return [",".join(str(c.get(key, "")) for c in found) for key in ("name", "image")]


def few(values: Iterable[str], empty: str, most: int = 3) -> str:
    """The first few and how many more there are."""
    known = list(values)
    text = ",".join(known[:most]) or empty
    return f"{text} + {len(known) - most} more..." if len(known) > most else text


def condition(obj: Object, type_: str) -> Object:
    """A condition of status by its type; {} when there is none."""
    return next((c for c in each(section(obj, "status"), "conditions") if c.get("type") == type_), {})


def holds(obj: Object, type_: str) -> bool:
    """Whether a condition of status is True."""
    return condition(obj, type_).get("status") == "True"
