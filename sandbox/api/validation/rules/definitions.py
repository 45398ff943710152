"""CustomResourceDefinitions: what of them has to hold for their kinds to be served
(pkg/apis/apiextensions/validation of apiextensions-apiserver)."""

from __future__ import annotations

from typing import Any

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import Causes, immutable, invalid, one_of, required

Object = dict[str, Any]
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_PRESERVE = "x-kubernetes-preserve-unknown-fields"


def check_definition(obj: Object, old: Object | None) -> Causes:
    """Names that fit together, one version that is stored, and structural schemas."""
    spec, called = section(obj, "spec"), section(obj, "spec", "names")
    group, plural = spec.get("group") or "", called.get("plural") or ""
    if not group:
        yield required("spec.group")
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    for field in ("plural", "kind"):
        if not called.get(field):
            yield required(f"spec.names.{field}")
    for field in ("plural", "singular", "kind", "listKind"):
        if called.get(field):
            whys = names.dns_1035(str(called[field]).lower())
            yield from (invalid(f"spec.names.{field}", called[field], why) for why in whys)
    name = section(obj, "metadata").get("name")
    if group and plural and name != f"{plural}.{group}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if not spec.get("scope"):
        yield required("spec.scope")
    yield from one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    conversion = section(spec, "conversion").get("strategy")
    if conversion == "Webhook":
        yield invalid("spec.conversion.strategy", conversion, "the sandbox calls no webhooks, use None")
    versions = each(spec, "versions")
    if sum(version.get("storage") is True for version in versions) != 1:
        yield invalid(
            "spec.versions", len(versions), "must have exactly one version marked as storage version"
        )
    for i, version in enumerate(versions):
        # Upstream's own form keeps the schema that all versions have in one place, and speaks of it there.
        alone = "spec.validation.openAPIV3Schema" if len(versions) == 1 else ""
        yield from _check_version(f"spec.versions[{i}]", version, alone)
    before = section(old or {}, "spec")
    for place in (("group",), ("scope",), ("names", "kind"), ("names", "plural")):
        was = section(before, *place[:-1]).get(place[-1])
        now = section(spec, *place[:-1]).get(place[-1])
        if old is not None and was != now:
            yield immutable(f"spec.{'.'.join(place)}", now)


def _check_version(path: str, version: Object, alone: str) -> Causes:
    name = version.get("name")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from (invalid(f"{path}.name", name, why) for why in names.dns_1035(name))
    root = section(version, "schema", "openAPIV3Schema")
    at = f"{path}.schema.openAPIV3Schema"
    if not root:
        yield required(at, "schemas are required")
        return
    at = alone or at
    if root.get("type") != "object":
        yield invalid(f"{at}.type", root.get("type") or "", "must be object at the root")
    yield from _check_node(at, root)


def _check_node(path: str, node: Object) -> Causes:
    """Each value has a type (a structural schema), and each list says what is in it."""
    kind = node.get("type")
    loose = node.get("x-kubernetes-int-or-string") or node.get(_PRESERVE)
    if not kind and not loose:
        yield required(f"{path}.type", "must not be empty for specified object fields")
    elif kind:
        yield from one_of(f"{path}.type", kind, _TYPES)
    if kind == "array" and not isinstance(node.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    if node.get("properties") and node.get("additionalProperties"):
        yield invalid(
            f"{path}.additionalProperties", "", "additionalProperties and properties are mutual exclusive"
        )
    for name, inner in section(node, "properties").items():
        if isinstance(inner, dict) and name != "metadata":
            yield from _check_node(f"{path}.properties[{name}]", inner)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _check_node(f"{path}.{key}", node[key])
