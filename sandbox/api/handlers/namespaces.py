"""namespaces/finalize: how a namespace goes once it is empty."""

from __future__ import annotations

from aiohttp import web

from sandbox.api.calls.call import Call, answer
from sandbox.api.wire.status import bad_request, modified


async def finalize(call: Call) -> web.StreamResponse:
    """PUT .../finalize: replaces spec.finalizers; the last one takes the namespace with it."""
    target, cluster = call.target, call.cluster
    body = await call.body()
    if not isinstance(body, dict) or not isinstance(body.get("spec") or {}, dict):
        raise bad_request("cannot be handled as a Namespace")
    entry = cluster.registry.live(target.info, "", target.name)
    told = (body.get("metadata") or {}).get("resourceVersion")
    if told and told != str(entry.version):
        raise modified(target.info, target.name)
    obj = entry.copy()
    finalizers = (body.get("spec") or {}).get("finalizers") or []
    obj["spec"] = {"finalizers": finalizers} if finalizers else {}
    metadata = obj["metadata"]
    if call.options().dry_run:
        return answer(obj)
    if "deletionTimestamp" in metadata and not finalizers and not metadata.get("finalizers"):
        cluster.store.remove(entry)
        return answer(obj)
    return answer(cluster.store.put(target.info, obj).data)
