"""In which form a client wants its answer, from the Accept header. Pure."""

from __future__ import annotations

from enum import StrEnum

from sandbox.api.wire.status import not_acceptable

OFFERED = "application/json"


class Form(StrEnum):
    """The three forms of an answer."""

    OBJECT = "object"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


def form_of(accept: str) -> Form:
    """The first form in the header that is offered here. Raises 406 when there is none (protobuf, say)."""
    if not accept.strip():
        return Form.OBJECT
    for choice in accept.split(","):
        media_type, *parameters = (part.strip() for part in choice.split(";"))
        values = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        if media_type not in ("application/json", "application/*", "*/*"):
            continue
        wanted = values.get("as", "")
        if not wanted:
            return Form.OBJECT
        if values.get("g", "meta.k8s.io") != "meta.k8s.io" or values.get("v", "v1") != "v1":
            continue
        if wanted == "Table":
            return Form.TABLE
        if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return Form.METADATA
    raise not_acceptable(OFFERED)
