"""An API server's refusal of an object as problems for a person, each with its field if it has one. Pure."""

from __future__ import annotations

import re
from typing import Any

from toolkit.base.tools import redact
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import text

Json = dict[str, Any]

# Field validation (Strict), and server-side apply against the schema: the two ways to say the same.
_UNKNOWN = (
    re.compile(r'unknown field "([^"]+)"'),
    re.compile(r"(?:^|[\s:])\.([^\s:]+): field not declared in schema"),
)
_TWICE = re.compile(r'duplicate field "([^"]+)"')
_CANNOT_READ = re.compile(r"^\S+ in version \S+ cannot be handled as a \S+: (.+)$", re.DOTALL)
_IMMUTABLE = re.compile(
    r"immutable|updates to \S+ spec for fields other than|cannot be changed|may not change"
    r"|cannot change roleRef"
)
# Server-side apply's two steps, by the schema and by the decoder: a 500, and yet the manifest's fault.
_TYPED = re.compile(
    r"^failed to (?:create typed \w+ object \([^)]*\): (?:errors: )?"
    r"|convert new object \([^)]*\) to proper version: unable to convert \w+ object to [^:]+: )(.+)$"
)
# How Go shows a value in them.
_GO_VALUE = re.compile(r"&(?:value\.valueUnstructured\{Value:(?P<full>[^{}]*)\}|\{(?P<brief>[^{}]*)\})")
# What a role that is to be bound and is not there is said to be: a binding of that name.
_ABSENT = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
_GRANTS = "is attempting to grant RBAC permissions not currently held:"
_NO_PRIORITY = "no PriorityClass with name"
_NO_DRY_RUN = "does not support dry run"
GRANT = "have the credential granted the same (make role prints it), or the leave to escalate and to bind"
FIXED = "cannot be changed once the object is there"
LONGEST = 300


def is_permission(error: ApiError) -> bool:
    """Whether the credential may not; quota, admission and namespaces on their way out are 403 as well."""
    said = text(error.body, "message")
    return error.status == 403 and (" cannot " in said or "forbidden: User" in said or not said)


def is_quota(error: ApiError) -> bool:
    """Whether a ResourceQuota is in the way."""
    said = text(error.body, "message")
    return error.status == 403 and ("exceeded quota" in said or "failed quota" in said)


def is_elsewhere(error: ApiError) -> bool:
    """Whether an object is refused for want of another one that is not there (yet): a pod's ServiceAccount,
    the role of a binding. The deployment may bring that; what it does not bring, the references tell."""
    said = text(error.body, "message")
    if error.status == 403 and ("error looking up service account" in said or _NO_PRIORITY in said):
        return True
    return is_unbound(error)


def is_unbound(error: ApiError) -> bool:
    """Whether a binding is refused for want of the role that it binds."""
    return error.status == 404 and text(error.body, "details", "kind") in _ABSENT


def is_webhook(error: ApiError) -> bool:
    """Whether it is a policy of the cluster's owner that refuses."""
    return "admission webhook" in text(error.body, "message")


def cannot_tell(error: ApiError) -> bool:
    """Whether it is the dry run itself that is refused: an admission webhook with side effects."""
    return _NO_DRY_RUN in text(error.body, "message")


def is_replaced(error: ApiError) -> bool:
    """Whether nothing is wrong but that fields cannot be changed."""
    causes = error.causes
    said = [text(cause, "message") for cause in causes] or [text(error.body, "message")]
    return error.status == 422 and all(_IMMUTABLE.search(each) for each in said)


def problems(error: ApiError, obj: str) -> list[Problem]:
    """What is wrong with an object ("Kind/name"); at least one problem."""
    said = words(error)
    if error.status == 422 and error.causes:
        return [_invalid(obj, cause) for cause in error.causes]
    if error.status in (400, 422, 500):
        unknown = [field for pattern in _UNKNOWN for field in pattern.findall(said)]
        twice = _TWICE.findall(said)
        if unknown or twice:
            remedy = "correct its name or its place in the manifest (kubectl explain shows what there is)"
            return [
                *(
                    Problem(obj, f"{field}: there is no such field", remedy)
                    for field in dict.fromkeys(unknown)
                ),
                *(Problem(obj, f"{field}: is given twice", "keep one of the two") for field in twice),
            ]
    found = _CANNOT_READ.match(said) if error.status == 400 else _TYPED.match(said)
    if found:
        told = _GO_VALUE.sub(lambda value: value["full"] or value["brief"] or '""', found.group(1))
        return [Problem(obj, _short(told), "correct the manifest: a value has the wrong type")]
    if error.status == 403 and _GRANTS in said:
        more = _short(said.partition(_GRANTS)[2].strip())
        return [Problem(obj, f"grants what the credential may not do itself: {more}", GRANT)]
    if error.status == 403 and is_permission(error):
        return [Problem(obj, _short(said), error.remedy)]
    if error.status == 403:
        return [Problem(obj, _short(said), "change the manifest, or what the cluster demands of it")]
    remedy = error.remedy or "mend what it complains of; or, if that is of no importance here: --no-preflight"
    return [Problem(obj, f"the API server answers {error.status}: {_short(said)}", remedy)]


def words(error: ApiError) -> str:
    """What the server said, on one line, without secrets."""
    return " ".join(redact(text(error.body, "message") or error.reason).split())


def _invalid(obj: str, cause: Json) -> Problem:
    field, said = text(cause, "field") or "?", " ".join(redact(text(cause, "message")).split())
    if _IMMUTABLE.search(said):
        remedy = "leave the field as it is; or give the object another name; or delete the old one by hand"
        return Problem(obj, f"{field}: {FIXED}", remedy)
    return Problem(obj, f"{field}: {_short(said)}", "correct the manifest")


def _short(said: str) -> str:
    return said if len(said) <= LONGEST else f"{said[: LONGEST // 2]} ... {said[-LONGEST // 2 :]}"
