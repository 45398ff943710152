"""Objects as the client wants to see them: plain, as a table or metadata alone; single, listed or watched."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.api.storage.store import Entry, encode
from sandbox.api.wire.negotiation import Form
from sandbox.api.wire.status import bad_request
from sandbox.base.kinds import KindInfo

_META = "meta.k8s.io/v1"


def one(entry: Entry, form: Form, include: str) -> bytes:
    """A single object."""
    if form is Form.OBJECT:
        return entry.data
    if form is Form.METADATA:
        return encode(_metadata(entry.object))
    return encode(_table(entry.info, [entry], include, {"resourceVersion": str(entry.version)}))


def many(
    info: KindInfo, entries: Sequence[Entry], form: Form, include: str, metadata: Mapping[str, Any]
) -> bytes:
    """A list; `metadata` is its ListMeta."""
    if form is Form.TABLE:
        return encode(_table(info, entries, include, metadata))
    kind, api_version = f"{info.kind}List", info.api_version
    items = [entry.data for entry in entries]
    if form is Form.METADATA:
        kind, api_version = "PartialObjectMetadataList", _META
        items = [encode(_metadata(entry.object)) for entry in entries]
    head = encode({"kind": kind, "apiVersion": api_version, "metadata": metadata})
    return b'%b,"items":[%b]}' % (head[:-1], b",".join(items))


def event(type: str, entry: Entry, form: Form, include: str, first: bool) -> bytes:
    """A watch event in a form other than plain (those are made once for all, in store.Change)."""
    if form is Form.METADATA:
        return encode({"type": type, "object": _metadata(entry.object)}) + b"\n"
    table = _table(entry.info, [entry], include, {"resourceVersion": str(entry.version)})
    if not first:
        table["columnDefinitions"] = None
    return encode({"type": type, "object": table}) + b"\n"


def bookmark(info: KindInfo, form: Form, version: int, *, initial_end: bool = False) -> bytes:
    """A watch event that only says how far the stream has come."""
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    obj: dict[str, Any] = {"kind": info.kind, "apiVersion": info.api_version, "metadata": metadata}
    if form is Form.METADATA:
        obj |= {"kind": "PartialObjectMetadata", "apiVersion": _META}
    if form is Form.TABLE:
        row = {
            "cells": [],
            "object": {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": metadata},
        }
        listed = {"resourceVersion": str(version)}
        obj = {
            "kind": "Table",
            "apiVersion": _META,
            "metadata": listed,
            "columnDefinitions": None,
            "rows": [row],
        }
    return encode({"type": "BOOKMARK", "object": obj}) + b"\n"


def _metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}


def _table(
    info: KindInfo, entries: Sequence[Entry], include: str, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    from sandbox.api.reading import tables  # only kubectl asks for tables

    if include not in ("", "Metadata", "Object", "None"):
        raise bad_request(f'unrecognized includeObject value: "{include}"')
    objects = [entry.object for entry in entries]
    table: dict[str, Any] = tables.table(info.native, objects, time.time(), tables.columns_of(info))
    for row, obj in zip(table["rows"], objects, strict=True):
        row["object"] = obj if include == "Object" else _metadata(obj)
        if include == "None":
            del row["object"]
    return {**table, "metadata": dict(metadata)}
