"""get and list."""

from __future__ import annotations

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.reading import rendering
from sandbox.api.reading.pages import page
from sandbox.api.wire.selectors import selector


async def get(call: Call) -> web.StreamResponse:
    """One object; also GET .../status, which is the same object."""
    target = call.target
    entry = call.cluster.registry.live(target.info, target.namespace, target.name)
    return answer(rendering.one(entry, call.form, call.query.get("includeObject", "")))


async def list_objects(call: Call) -> web.StreamResponse:
    """A list or a page of it, selected by labels and fields."""
    target, query = call.target, call.query
    form = call.form
    matches = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""), target.info.native)
    entries, metadata = page(
        call.cluster.store,
        target.info,
        target.namespace,
        matches,
        limit=call.number("limit") or 0,
        token=query.get("continue", ""),
        version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
    )
    return answer(rendering.many(target.info, entries, form, query.get("includeObject", ""), metadata))
