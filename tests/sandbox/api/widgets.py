"""A custom kind for the tests of them: its definition, objects of it, and how they are sent."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.api.served import Api, eventually

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
Object = dict[str, Any]
SPEC: Object = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "port": {"x-kubernetes-int-or-string": True},
        "note": {"type": "string", "nullable": True, "maxLength": 5, "pattern": "^a"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            },
        },
    },
}
STATUS: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(
    plural: str = "widgets", kind: str = "Widget", scope: str = "Namespaced", **version: Any
) -> Object:
    """A definition of widgets.example.com or the like."""
    root = {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}
    one = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    names = {"plural": plural, "kind": kind, "shortNames": [plural[:2] + "x"]}
    spec = {"group": "example.com", "scope": scope, "names": names, "versions": [one | version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**head, "metadata": {"name": f"{plural}.example.com"}, "spec": spec}


def widget(name: str = "w", kind: str = "Widget", **spec: Any) -> Object:
    return {
        "apiVersion": "example.com/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"size": 3, **spec},
    }


def condition(obj: Object, kind: str) -> str:
    found = (obj.get("status") or {}).get("conditions") or ()
    return next((one["status"] for one in found if one["type"] == kind), "")


def established(api: Api, name: str = "widgets.example.com") -> bool:
    return condition(api.http.get(f"{DEFINITIONS}/{name}").json(), "Established") == "True"


def define(api: Api, **changes: Any) -> None:
    """Create the definition of widgets, and wait until it is established."""
    made = api.create(DEFINITIONS, definition(**changes))
    eventually(lambda: established(api, made["metadata"]["name"]))


def widgets(namespace: str = "default", name: str = "") -> str:
    return f"/apis/example.com/v1/namespaces/{namespace}/widgets" + (f"/{name}" if name else "")


def applied(api: Api, path: str, obj: Object, **query: Any) -> Any:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return api.http.patch(
        path, content=json.dumps(obj), headers=headers, params={"fieldManager": "t", **query}
    )
