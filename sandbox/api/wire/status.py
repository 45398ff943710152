"""Every refusal of the API as an exception that knows its metav1.Status.

Codes, reasons and wording are those of k8s.io/apimachinery/pkg/api/errors: clients match on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.base.kinds import KindInfo


class StatusError(Exception):
    """A request that cannot be answered: HTTP `code`, machine-readable `reason`, a sentence, and details."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def body(self) -> dict[str, Any]:
        """The metav1.Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata),
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
        }
        if self.details:
            body["details"] = dict(self.details)
        body["code"] = self.code
        return body


def success(info: KindInfo, name: str, uid: str | None = None) -> dict[str, Any]:
    """The Status that answers a finished delete, binding or eviction."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": _details(info, name, uid=uid),
    }


def _details(info: KindInfo, name: str, **more: Any) -> dict[str, Any]:
    details = {"name": name, "group": info.group, "kind": info.plural, **more}
    return {key: value for key, value in details.items() if value}


def bad_request(message: str) -> StatusError:
    """400: the request itself makes no sense."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """401: no credential, or one that is not accepted."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(info: KindInfo, name: str, why: str, causes: Iterable[Mapping[str, str]] = ()) -> StatusError:
    """403: authorization or admission says no, for the reason `why`."""
    subject = f'{info.resource} "{name}"' if name else info.resource
    details = _details(info, name, causes=list(causes))
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {why}", details=details)


def not_found(info: KindInfo, name: str) -> StatusError:
    """404: the kind is known, the object is not there."""
    message = f'{info.resource} "{name}" not found'
    return StatusError(404, "NotFound", message, details=_details(info, name))


def no_such_path() -> StatusError:
    """404: nothing is served under that path."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", details={})


def method_not_allowed(message: str) -> StatusError:
    """405: the resource exists and does not do that."""
    return StatusError(405, "MethodNotAllowed", message)


def not_acceptable(accepted: str) -> StatusError:
    """406: the client accepts only what is not spoken here."""
    message = f"only the following media types are accepted: {accepted}"
    return StatusError(406, "NotAcceptable", message)


def already_exists(info: KindInfo, name: str) -> StatusError:
    """409 on create."""
    message = f'{info.resource} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details=_details(info, name))


def conflict(info: KindInfo, name: str, why: str) -> StatusError:
    """409 on update or delete: somebody else was faster, or a precondition does not hold."""
    message = f'Operation cannot be fulfilled on {info.resource} "{name}": {why}'
    return StatusError(409, "Conflict", message, details=_details(info, name))


def modified(info: KindInfo, name: str) -> StatusError:
    """409: the resourceVersion that came with the object is not the newest."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(info, name, why)


def expired(message: str, *, continue_token: str = "") -> StatusError:
    """410: the resourceVersion or continue token lies before what is remembered."""
    metadata = {"continue": continue_token} if continue_token else None
    return StatusError(410, "Expired", message, metadata=metadata)


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    """415: the body's Content-Type is not one that this operation understands."""
    message = "the body of the request was in an unknown format - accepted media types include: "
    return StatusError(415, "UnsupportedMediaType", message + ", ".join(accepted))


def invalid(
    kind: str, group: str, name: str, causes: Iterable[tuple[str, str, str]], code: int = 422
) -> StatusError:
    """422: `causes` are (field, reason, message): ("spec.x", "FieldValueInvalid", "Invalid value: 1")."""
    rows = [{"reason": reason, "message": message, "field": field} for field, reason, message in causes]
    texts = [f"{row['field']}: {row['message']}" for row in rows]
    summary = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind}.{group}" if group else kind
    details = {"name": name, "group": group, "kind": kind, "causes": rows}
    details = {key: value for key, value in details.items() if value}
    return StatusError(code, "Invalid", f'{qualified} "{name}" is invalid: {summary}', details=details)


def too_many_requests(message: str, causes: Iterable[Mapping[str, str]] = ()) -> StatusError:
    """429: an eviction that a disruption budget does not allow now."""
    return StatusError(429, "TooManyRequests", message, details={"causes": list(causes)})


def internal(message: str) -> StatusError:
    """500: the sandbox's own fault."""
    return StatusError(500, "InternalError", f"Internal error occurred: {message}")


def body_too_large(limit: int) -> StatusError:
    """413: more bytes than a request may have."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def object_too_large() -> StatusError:
    """500 without a reason: what etcd answers to an object beyond its limit, passed on by the API server."""
    return StatusError(500, "", "etcdserver: request is too large")


def failed(message: str) -> StatusError:
    """500 without a reason: what upstream does not make a Status of, though it may be the request's fault."""
    return StatusError(500, "", message)


def unavailable(message: str) -> StatusError:
    """503: what should answer behind this path does not."""
    return StatusError(503, "ServiceUnavailable", message)
