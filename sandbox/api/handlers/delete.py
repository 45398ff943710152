"""delete and deletecollection."""

from __future__ import annotations

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.reading.pages import page
from sandbox.api.storage.store import encode
from sandbox.api.wire.selectors import selector
from sandbox.api.wire.status import success
from sandbox.api.writing.deletion import DeleteOptions, delete, orphans_by_default

_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


async def _options(call: Call) -> DeleteOptions:
    body = await call.body() if (await call.request.read()).strip() else None
    return DeleteOptions.read(body, call.query)


async def delete_object(call: Call) -> web.StreamResponse:
    """DELETE one: a Status when it is gone, the object when it still has to wait for somebody."""
    target, options = call.target, await _options(call)
    entry = call.cluster.registry.live(target.info, target.namespace, target.name)
    warnings = []
    if options.propagation is None and orphans_by_default(target.info) and target.info.native == "Job":
        warnings.append(_WARNING)
    obj, gone = delete(call.cluster.store, entry, options)
    if gone and target.info.native != "Pod":
        return answer(success(target.info, target.name, obj["metadata"]["uid"]), 200, warnings)
    return answer(obj, 200, warnings)


async def delete_collection(call: Call) -> web.StreamResponse:
    """DELETE all that the selectors choose; answers with the list of them."""
    target, query, options = call.target, call.query, await _options(call)
    matches = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""), target.info.native)
    entries, metadata = page(call.cluster.store, target.info, target.namespace, matches)
    items = [encode(delete(call.cluster.store, entry, options)[0]) for entry in entries]
    head = {"kind": f"{target.info.kind}List", "apiVersion": target.info.api_version, "metadata": metadata}
    return answer(b'%b,"items":[%b]}' % (encode(head)[:-1], b",".join(items)))
