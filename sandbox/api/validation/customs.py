"""Whether a custom object fits the schema of its definition, in the words of the real API server.

The schema is judged by jsonschema; what OpenAPI and Kubernetes add to JSON Schema is taken out or put in its
terms first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.api.types.customs import EMBEDDED, INT_OR_STRING, Definition
from sandbox.api.validation.jsontypes import DATE_TIME
from sandbox.api.validation.rules.causes import Cause, invalid, required, shown, too_long, unsupported

if TYPE_CHECKING:
    from jsonschema import ValidationError

Object = dict[str, Any]
_FORMATS = ("date", "email", "ipv4", "ipv6", "uuid")  # those that jsonschema knows without more packages
_INTS = {"int32": 31, "int64": 63}
_KEPT = (
    *("type", "enum", "pattern", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems"),
    *("maxItems", "uniqueItems", "minProperties", "maxProperties", "required"),
)


def check(obj: Object, definition: Definition) -> list[Cause]:
    """What is wrong with an object by its definition's schema."""
    from jsonschema import Draft4Validator, FormatChecker  # costs a tenth of a second

    judged = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    root = _plain(definition.root)
    for key in ("apiVersion", "kind", "metadata"):
        root.get("properties", {}).pop(key, None)
        root["required"] = [name for name in root.get("required", ()) if name != key]
    if not root["required"]:
        del root["required"]
    formats = FormatChecker(_FORMATS)
    formats.checks("date-time")(_is_time)
    validator = Draft4Validator(root, format_checker=formats)
    errors = sorted(validator.iter_errors(judged), key=lambda error: [str(step) for step in error.path])
    return [cause for error in errors for cause in _causes(error)]


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or DATE_TIME.fullmatch(value) is not None


def _plain(node: Any) -> Any:
    """A schema in the terms of JSON Schema, draft 4 (which has OpenAPI's exclusiveMinimum)."""
    if not isinstance(node, Mapping):
        return {}
    made: Object = {key: node[key] for key in _KEPT if node.get(key) is not None}
    for key in ("exclusiveMinimum", "exclusiveMaximum"):
        if node.get(key) is not None and node.get(key.replace("exclusiveM", "m")) is not None:
            made[key] = node[key]
    if node.get(INT_OR_STRING):
        made["type"] = ["integer", "string"]
    if node.get("nullable") and "type" in made:
        kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
        made["type"] = [*kinds, "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    if node.get("format") in (*_FORMATS, "date-time"):
        made["format"] = node["format"]
    if node.get("format") in _INTS and made.get("type") == "integer":
        bits = _INTS[node["format"]]
        made.setdefault("minimum", -(2**bits))
        made.setdefault("maximum", 2**bits - 1)
    if node.get("properties"):
        made["properties"] = {name: _plain(inner) for name, inner in node["properties"].items()}
    if node.get(EMBEDDED):
        made["required"] = sorted({*made.get("required", ()), "apiVersion", "kind"})
    if node.get("items") is not None:
        made["items"] = _plain(node["items"])
    if isinstance(node.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _plain(node["additionalProperties"])
    for key in ("allOf", "anyOf", "oneOf"):
        if node.get(key):
            made[key] = [_plain(inner) for inner in node[key]]
    if node.get("not") is not None:
        made["not"] = _plain(node["not"])
    return made


def _causes(error: ValidationError) -> Iterator[Cause]:
    at, value = _spelled(error.absolute_path), error.instance
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            for name in rule:
                if isinstance(value, dict) and name not in value:
                    yield required(f"{at}.{name}" if at else name)
                    return
        case "enum":
            yield unsupported(at, value, [str(word) for word in rule if word is not None])
        case "maxLength":
            yield too_long(at, int(str(rule)))
        case "type":
            told = " or ".join(rule) if isinstance(rule, list) else str(rule)
            yield Cause(
                at, "FieldValueTypeInvalid", f"Invalid value: {shown(_kind(value))}: {_body(at, told, value)}"
            )
        case "pattern":
            yield invalid(at, value, f"{at} in body should match '{rule}'")
        case "minimum" | "maximum":
            word = "greater" if error.validator == "minimum" else "less"
            yield invalid(at, value, f"{at} in body should be {word} than or equal to {rule}")
        case "minItems" | "maxItems":
            word = "at least" if error.validator == "minItems" else "at most"
            yield invalid(
                at,
                len(value) if isinstance(value, list) else 0,
                f"{at} in body should have {word} {rule} items",
            )
        case "minLength":
            yield invalid(at, value, f"{at} in body should be at least {rule} chars long")
        case "anyOf" | "oneOf" | "allOf" | "not":
            yield invalid(at, value, f"{at or '<nil>'} in body must validate the schema ({error.validator})")
        case _:
            yield invalid(at, value, error.message)


def _kind(value: Any) -> str:
    kinds: list[tuple[type, str]] = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")]
    kinds += [(list, "array"), (dict, "object")]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _body(at: str, told: str, value: Any) -> str:
    return f"{at} in body must be of type {told}: {shown(_kind(value))}"


def _spelled(path: Iterable[str | int]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
