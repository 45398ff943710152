"""Objects as meta.k8s.io/v1 Tables, which is what `kubectl get` asks for and prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.api.reading.printers import cluster, networking, pods, workloads
from sandbox.api.reading.printers.cells import Printer, age, name, printer

Object = dict[str, Any]
_PRINTERS: dict[str, Printer] = {
    **cluster.PRINTERS,
    **networking.PRINTERS,
    **pods.PRINTERS,
    **workloads.PRINTERS,
}
_PLAIN = printer("Name  Age", lambda obj, now: [name(obj), age(obj, now)])


def table(kind: str, objects: Iterable[Object], now: float) -> Object:
    """The Table of objects of one kind, without metadata and without the rows' `object`. `now` is UNIX
    seconds.

    Kinds without columns of their own show NAME and AGE, as custom resources do.
    """
    shown = _PRINTERS.get(kind, _PLAIN)
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
