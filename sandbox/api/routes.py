"""From a request to its handler: health, authentication, discovery, authorization, dispatch."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from sandbox.api.access.authentication import User, impersonated
from sandbox.api.access.authorization import Attributes, allowed, refusal
from sandbox.api.calls.call import Call, Cluster, answer
from sandbox.api.calls.paths import Target, target
from sandbox.api.calls.views import View, view_of
from sandbox.api.handlers import (
    accounts,
    delete,
    logs,
    namespaces,
    pods,
    proxies,
    read,
    reviews,
    scale,
    watch,
    write,
)
from sandbox.api.reading import discovery, openapi
from sandbox.api.storage.store import encode
from sandbox.api.wire.status import (
    StatusError,
    body_too_large,
    failed,
    forbidden,
    internal,
    method_not_allowed,
    unauthorized,
)

Handler = Callable[[Call], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)

# What upstream takes of a request.
LARGEST_BODY = 3 * 1024 * 1024
_HEALTH = ("/healthz", "/livez", "/readyz")
_OBJECTS: dict[str, Handler] = {
    "get": read.get,
    "list": read.list_objects,
    "watch": watch.watch,
    "create": write.create,
    "update": write.update,
    "patch": write.patch,
    "delete": delete.delete_object,
    "deletecollection": delete.delete_collection,
}
_SUBRESOURCES: dict[tuple[str, str], Handler] = {
    ("status", "get"): read.get,
    ("status", "update"): write.update,
    ("status", "patch"): write.patch,
    ("scale", "get"): scale.get,
    ("scale", "update"): scale.update,
    ("scale", "patch"): scale.patch,
    ("binding", "create"): pods.bind,
    ("eviction", "create"): pods.evict,
    ("token", "create"): accounts.request_token,
    ("finalize", "update"): namespaces.finalize,
    ("log", "get"): logs.logs,
    **{("proxy", verb): proxies.proxy for verb in ("get", "create", "update", "patch", "delete")},
    **{
        (name, verb): pods.refuse_stream
        for name in ("exec", "attach", "portforward")
        for verb in ("get", "create")
    },
}


def handler(cluster: Cluster) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The one handler behind every path. It never raises: every refusal and every accident is a Status."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(cluster, request)
        except StatusError as error:
            return _refused(error)
        except web.HTTPRequestEntityTooLarge:
            return _refused(body_too_large(LARGEST_BODY))
        except web.HTTPException as error:
            return _refused(StatusError(error.status, "RequestEntityTooLarge", error.text or error.reason))
        except (ConnectionError, TimeoutError) as error:
            return _refused(internal(f"the connection was lost: {type(error).__name__}"))
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            return _refused(internal(f"{type(error).__name__}; the daemon's log has the details"))

    return handle


def _refused(error: StatusError) -> web.Response:
    response = web.Response(body=encode(error.body()), status=error.code, content_type="application/json")
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


async def _answer(cluster: Cluster, request: web.Request) -> web.StreamResponse:
    path = request.path
    if path in _HEALTH or path.startswith(tuple(f"{one}/" for one in _HEALTH)):
        return web.Response(text="ok")
    if path == "/version":
        return answer(discovery.version())
    user = cluster.authenticator.authenticate(request.headers.get("Authorization", ""))
    if user is None:
        raise unauthorized()
    user = _acting_as(cluster, request, user)
    found = target(request.method, path, request.query, cluster.store.kinds)
    if found is None:
        return _other(cluster, request, user)
    _authorize(cluster, user, found)
    view = view_of(found.info)
    if view is None:
        return await _handler(found)(Call(cluster, request, user, found))
    found = replace(found, info=view.stored)
    return _viewed(view, await _handler(found)(Call(cluster, request, user, found, view)))


def _viewed(view: View, response: web.StreamResponse) -> web.StreamResponse:
    """The answer in the version that was asked for; a watch turns its events itself."""
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        response.body = encode(view.outward(json.loads(response.body)))
    return response


def _acting_as(cluster: Cluster, request: web.Request, user: User) -> User:
    """The user that the Impersonate-* headers name, if they are there and `user` may impersonate them."""
    name = request.headers.get("Impersonate-User", "")
    groups = request.headers.getall("Impersonate-Group", [])
    if not name:
        if groups:
            raise failed(f"requested groups {groups} without impersonating a user")
        return user
    for resource, wanted in (("users", [name]), ("groups", groups)):
        for one in wanted:
            attributes = Attributes("impersonate", "", resource, name=one)
            if not allowed(user, attributes, cluster.roles):
                message = f'{resource} "{one}" is forbidden: {refusal(user, attributes)}'
                raise StatusError(403, "Forbidden", message)
    return impersonated(name, groups)


def _other(cluster: Cluster, request: web.Request, user: User) -> web.StreamResponse:
    """Paths that are no resource: discovery and OpenAPI."""
    path = request.path
    wanted = Attributes(verb=request.method.lower(), path=path)
    if not allowed(user, wanted, cluster.roles):
        message = f"forbidden: {refusal(user, wanted)}"
        raise StatusError(403, "Forbidden", message)
    if path == "/openapi/v2":
        body, media_type = openapi.version_2(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": media_type})
    if path == "/openapi/v3":
        return answer(openapi.index(cluster.store.kinds))
    if path.startswith("/openapi/v3/"):
        document = openapi.document(path.removeprefix("/openapi/v3/"), cluster.store.kinds)
    elif path == "/":
        document = {"paths": ["/api", "/apis", *_HEALTH, "/openapi/v2", "/openapi/v3", "/version"]}
    else:
        document = discovery.document(path, request.host, cluster.store.kinds)
    if document is None:
        return web.Response(text="404 page not found\n", status=404)
    if request.method not in ("GET", "HEAD"):
        raise method_not_allowed("the server does not allow this method on the requested resource")
    return answer(document)


def _authorize(cluster: Cluster, user: User, found: Target) -> None:
    info = found.info
    # A namespace is in itself, as far as its rules go.
    namespace = found.name if info.native == "Namespace" else found.namespace
    wanted = Attributes(
        verb=found.verb,
        group=info.group,
        resource=info.plural,
        subresource=found.subresource,
        namespace=namespace,
        name=found.name,
    )
    may = allowed(user, wanted, cluster.roles)
    cluster.audit.note(user, wanted, may)
    if not may:
        raise forbidden(info, found.name, refusal(user, wanted))


def _handler(found: Target) -> Handler:
    if found.subresource:
        chosen = _SUBRESOURCES.get((found.subresource, found.verb))
    elif not found.info.stored:
        chosen = reviews.review if found.verb == "create" else None
    else:
        chosen = _OBJECTS.get(found.verb)
    if chosen is None:
        raise method_not_allowed("the server does not allow this method on the requested resource")
    return chosen
