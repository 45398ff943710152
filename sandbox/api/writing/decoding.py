"""Request bodies: bytes to JSON values, JSON values to typed objects. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.api.types.customs import Definition, schema_of
from sandbox.api.types.values import too_deep
from sandbox.api.validation.objects import type_error, unknown_fields
from sandbox.api.wire import protobuf
from sandbox.api.wire.status import bad_request, invalid, unsupported_media_type
from sandbox.base.kinds import KindInfo

JSON, YAML = "application/json", "application/yaml"
ACCEPTED = (JSON, YAML, protobuf.MEDIA_TYPE)
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def parse(body: bytes, media_type: str, accepted: Iterable[str] = ACCEPTED) -> Any:
    """A JSON, YAML or protobuf body by its Content-Type (default JSON). 400 or 415 when it cannot be read."""
    plain = (media_type or JSON).split(";")[0].strip()
    if plain not in accepted:
        raise unsupported_media_type(accepted)
    if not body.strip():
        raise bad_request("the request has no body")
    try:
        value = protobuf.decode(body) if plain == protobuf.MEDIA_TYPE else _json(body)
    except protobuf.WireError as error:
        raise bad_request(str(error)) from None
    except RecursionError:
        raise bad_request("the body is nested too deeply") from None
    except ValueError as error:
        if not plain.endswith("yaml"):
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None
        value = _yaml(body)
    if too_deep(value):
        raise bad_request("the body is nested too deeply")
    return value


def _json(body: bytes) -> Any:
    """JSON as RFC 8259 has it: Python would also take NaN, endless numbers and half of a character."""
    value = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    if b"\\u" in body:
        text = json.dumps(value, ensure_ascii=False)
        value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _yaml(body: bytes) -> Any:
    """YAML as Kubernetes reads it: a date stays a string, keys are strings."""
    import yaml  # most bodies are JSON

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        # The loader is a SafeLoader; the round trip turns every key into a string.
        return _json(json.dumps(yaml.load(body, Loader)).encode())  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {' '.join(str(error).split())}") from None


def typed(
    info: KindInfo, namespace: str, body: Any, field_validation: str
) -> tuple[dict[str, Any], list[str]]:
    """The body as an object of a kind, and warnings.

    apiVersion and kind may be left out, but for the kind of a custom one; if given they must fit the path,
    and so must the namespace (400).
    Unknown fields are dropped and, by `field_validation`, refused (Strict, 400), warned of (Warn) or passed
    over (Ignore).
    """
    body = {} if body is None else body
    if not isinstance(body, dict) or not isinstance(body.get("metadata") or {}, dict):
        raise bad_request(
            f"cannot be handled as a {info.kind}: the body and its metadata must be JSON objects"
        )
    if isinstance(info.definition, Definition) and not body.get("kind"):
        told = f"the object provided is unrecognized (must be of type {info.kind})"
        raise bad_request(f"{told}: Object 'Kind' is missing in '{json.dumps(body)}'")
    obj = {"apiVersion": info.api_version, "kind": info.kind, **body}
    obj["metadata"] = dict(obj.get("metadata") or {})
    if obj["apiVersion"] != info.api_version:
        told = f"the API version in the data ({obj['apiVersion']})"
        raise bad_request(f"{told} does not match the expected API version ({info.api_version})")
    if obj["kind"] != info.kind:
        raise bad_request(f'{obj["kind"]} in version "{info.version}" cannot be handled as a {info.kind}')
    if info.namespaced and obj["metadata"].setdefault("namespace", namespace) != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if not info.namespaced:
        obj["metadata"].pop("namespace", None)
    return obj, _check_fields(info, obj, field_validation)


def applied_type(body: Any) -> tuple[str, str]:
    """apiVersion and kind of an applied configuration, "" where it says none; 400 for what is no object."""
    if body is not None and not isinstance(body, dict):
        what = "array" if isinstance(body, list) else "string" if isinstance(body, str) else "number"
        told = f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {told}")
    known = body or {}
    return str(known.get("apiVersion") or ""), str(known.get("kind") or "")


def _check_fields(info: KindInfo, obj: dict[str, Any], mode: str) -> list[str]:
    cannot = f'{info.kind} in version "{info.version}" cannot be handled as a {info.kind}'
    wrong = type_error(obj)
    if wrong:
        raise bad_request(f"{cannot}: {wrong}")
    unknown = unknown_fields(obj, schema_of(info))
    if not unknown:
        return []
    problems = [f'unknown field "{path}"' for path in unknown]
    if mode == "Strict":
        raise bad_request(f"{cannot}: strict decoding error: {', '.join(problems)}")
    # The last of a list first, so that the indices of the others stay true.
    for path in sorted(unknown, reverse=True):
        _drop(obj, path)
    return problems if mode == "Warn" else []


def _drop(obj: dict[str, Any], path: str) -> None:
    steps: list[Any] = [int(index) if index else name for index, name in _STEP.findall(path)]
    value: Any = obj
    for step in steps[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(value, dict):
        value.pop(steps[-1], None)


def field_validation(query: Mapping[str, str], options: str) -> str:
    """Strict, Warn or Ignore; Warn when nothing is said. 422 for anything else; `options` is the kind of what
    the query holds, as PatchOptions."""
    mode = query.get("fieldValidation") or "Warn"
    if mode not in ("Strict", "Warn", "Ignore"):
        why = f'Unsupported value: "{mode}": supported values: "", "Ignore", "Strict", "Warn"'
        raise invalid(options, "meta.k8s.io", "", [("fieldValidation", "FieldValueNotSupported", why)])
    return mode


def dry_run(values: Iterable[str], options: str) -> bool:
    """Whether dryRun=All; 422 for any other value. `options` as for field_validation."""
    chosen = [value for value in values if value]
    if any(value != "All" for value in chosen):
        told = json.dumps(chosen, separators=(",", ":"))
        why = f'Unsupported value: {told}: supported values: "All"'
        raise invalid(options, "meta.k8s.io", "", [("dryRun", "FieldValueNotSupported", why)])
    return bool(chosen)
