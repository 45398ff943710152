"""Questions about who one is and what one may do: answered, not stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.api.access.authentication import User
from sandbox.api.access.authorization import Attributes, allowed, rules_for
from sandbox.api.calls.call import Call, answer
from sandbox.api.wire.status import bad_request
from sandbox.api.writing.writes import timestamp


async def review(call: Call) -> web.StreamResponse:
    """POST of any review kind: the body comes back with its status filled in."""
    body = await call.body()
    info = call.target.info
    if not isinstance(body, dict) or not isinstance(body.get("spec") or {}, dict):
        raise bad_request(f"cannot be handled as a {info.kind}")
    spec = body.get("spec") or {}
    status = {
        "SelfSubjectReview": _who_am_i,
        "TokenReview": _token,
        "SelfSubjectAccessReview": _may_i,
        "SelfSubjectRulesReview": _my_rules,
        "SubjectAccessReview": _may_they,
        "LocalSubjectAccessReview": _may_they,
    }[info.kind](call, spec)
    metadata = {"creationTimestamp": timestamp(), **(body.get("metadata") or {})}
    answered = {
        "kind": info.kind,
        "apiVersion": info.api_version,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }
    if "spec" not in body:
        del answered["spec"]
    return answer(answered, 201)


def _who_am_i(call: Call, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"userInfo": call.user.info()}


def _token(call: Call, spec: Mapping[str, Any]) -> dict[str, Any]:
    user = call.cluster.authenticator.user(str(spec.get("token") or ""))
    if user is None:
        return {"authenticated": False, "user": {}, "error": "the token is not valid"}
    return {"authenticated": True, "user": user.info()}


def _may_i(call: Call, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"allowed": allowed(call.user, _attributes(spec), call.cluster.roles)}


def _may_they(call: Call, spec: Mapping[str, Any]) -> dict[str, Any]:
    user = User(str(spec.get("user") or ""), tuple(spec.get("groups") or ()))
    return {"allowed": allowed(user, _attributes(spec), call.cluster.roles)}


def _attributes(spec: Mapping[str, Any]) -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path:
        return Attributes(verb=str(path.get("verb", "")), path=str(path.get("path", "")))
    wanted = spec.get("resourceAttributes")
    if not isinstance(wanted, dict):
        raise bad_request(
            "spec: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        )
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(**{field: str(wanted.get(field) or "") for field in fields})


def _my_rules(call: Call, spec: Mapping[str, Any]) -> dict[str, Any]:
    everything = ["*"]
    resources: list[Mapping[str, Any]] = []
    paths: list[Mapping[str, Any]] = []
    if "system:masters" in call.user.groups:
        resources.append({"verbs": everything, "apiGroups": everything, "resources": everything})
        paths.append({"verbs": everything, "nonResourceURLs": everything})
    for rule in rules_for(call.user, str(spec.get("namespace") or ""), call.cluster.roles):
        (paths if rule.get("nonResourceURLs") else resources).append(rule)
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
