"""Objects as meta.k8s.io/v1 Tables, which is what `kubectl get` asks for and prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from sandbox.api.reading.printers import cluster, networking, pods, workloads
from sandbox.api.reading.printers.cells import Printer, age, name, printer
from sandbox.api.reading.printers.times import since
from sandbox.api.types.customs import Definition
from sandbox.base.kinds import KindInfo

Object = dict[str, Any]
_PRINTERS: dict[str, Printer] = {
    **cluster.PRINTERS,
    **networking.PRINTERS,
    **pods.PRINTERS,
    **workloads.PRINTERS,
}
_STEP = re.compile(r"""\.([\w-]+)|\[(\d+)\]|\[\?\(@\.(\w+)==["']([^"']*)["']\)\]""")
_PLAIN = printer("Name  Age", lambda obj, now: [name(obj), age(obj, now)])


def columns_of(info: KindInfo) -> Printer | None:
    """The columns that a custom kind's definition asks for, between NAME and AGE; None for built-in kinds."""
    if not isinstance(info.definition, Definition):
        return None
    extra = info.definition.columns
    named = [f"{'+' if column.get('priority') else ''}{column.get('name', '')}" for column in extra]
    own_age = [] if any(title.lower() == "age" for title in named) else ["Age"]

    def cells(obj: Object, now: float) -> list[Any]:
        shown = [_at(obj, column, now) for column in extra]
        return [name(obj), *shown, *([age(obj, now)] if own_age else [])]

    return Printer(("Name", *named, *own_age), cells)


def _at(obj: Object, column: Object, now: float) -> Any:
    """The value at a plain jsonPath (`.status.phase`, `.status.conditions[?(@.type=="Ready")].status`)."""
    value: Any = obj
    for step in _STEP.findall(str(column.get("jsonPath", ""))):
        key, index, wanted_key, wanted = step
        if key:
            value = value.get(key.strip("'")) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            value = None
        elif index:
            value = value[int(index)] if int(index) < len(value) else None
        else:
            fitting = (one for one in value if isinstance(one, dict) and str(one.get(wanted_key)) == wanted)
            value = next(fitting, None)
    if column.get("type") == "date" and isinstance(value, str):
        return since(value, now)
    return "" if value is None else value if isinstance(value, int | str) else json.dumps(value)


def table(kind: str, objects: Iterable[Object], now: float, columns: Printer | None = None) -> Object:
    """The Table of objects of one kind, without metadata and without the rows' `object`. `now` is UNIX
    seconds.

    Kinds without columns of their own show NAME and AGE, as custom resources do.
    """
    shown = columns or _PRINTERS.get(kind, _PLAIN)
    rows = []
    for obj in objects:
        row: Object = {"cells": shown.cells(obj, now)}
        if kind == "Pod":
            row["conditions"] = list(pods.row_conditions(obj))
        rows.append({key: value for key, value in row.items() if value or key == "cells"})
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "columnDefinitions": [_definition(column, rows, i) for i, column in enumerate(shown.columns)],
        "rows": rows,
    }


def _definition(column: str, rows: list[Object], i: int) -> Object:
    title = column.removeprefix("+")
    cell = rows[0]["cells"][i] if rows else ""
    return {
        "name": title,
        "type": "boolean" if isinstance(cell, bool) else "integer" if isinstance(cell, int) else "string",
        "format": "name" if title == "Name" else "",
        "description": "",
        "priority": 1 if column.startswith("+") else 0,
    }
