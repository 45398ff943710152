"""The fields of Kubernetes objects that are text: what YAML made a number or a truth value of is told early.

The API server refuses it as well ("cannot unmarshal number into Go struct field ... of type string"), but
knows no file and no line. Fields that take a number or a text, such as ports by name, are not in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from toolkit.objects.reading.positions import Path

# What a field holds: a text, a list of texts, a mapping of texts; in the tables a list stands for its items.
TEXT, TEXTS, MAP = "a text", "a list of texts", "a mapping of texts"
Shape = dict[str, Any]

METADATA: Shape = {"name": TEXT, "namespace": TEXT, "labels": MAP, "annotations": MAP}
_KEY: Shape = {"name": TEXT, "key": TEXT}
_HANDLER: Shape = {
    "exec": {"command": TEXTS},
    "httpGet": {"path": TEXT, "host": TEXT, "scheme": TEXT, "httpHeaders": [{"name": TEXT, "value": TEXT}]},
}
CONTAINER: Shape = {
    **dict.fromkeys(("name", "image", "imagePullPolicy", "workingDir"), TEXT),
    **dict.fromkeys(("command", "args"), TEXTS),
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _HANDLER),
    "lifecycle": {"preStop": _HANDLER, "postStart": _HANDLER},
    "env": [
        {
            "name": TEXT,
            "value": TEXT,
            "valueFrom": {
                "configMapKeyRef": _KEY,
                "secretKeyRef": _KEY,
                "fieldRef": {"fieldPath": TEXT},
                "resourceFieldRef": {"containerName": TEXT, "resource": TEXT},
            },
        }
    ],
    "envFrom": [{"prefix": TEXT, "configMapRef": {"name": TEXT}, "secretRef": {"name": TEXT}}],
    "ports": [{"name": TEXT, "protocol": TEXT}],
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT, "subPath": TEXT}],
}
_ITEMS: list[Shape] = [{"key": TEXT, "path": TEXT}]
POD: Shape = {
    "nodeSelector": MAP,
    **dict.fromkeys(
        ("serviceAccountName", "priorityClassName", "restartPolicy", "hostname", "nodeName", "dnsPolicy"),
        TEXT,
    ),
    **{key: [CONTAINER] for key in ("containers", "initContainers")},
    "imagePullSecrets": [{"name": TEXT}],
    "tolerations": [{"key": TEXT, "operator": TEXT, "value": TEXT, "effect": TEXT}],
    "volumes": [
        {
            "name": TEXT,
            "configMap": {"name": TEXT, "items": _ITEMS},
            "secret": {"secretName": TEXT, "items": _ITEMS},
            "persistentVolumeClaim": {"claimName": TEXT},
        }
    ],
}
_TEMPLATE: Shape = {"metadata": METADATA, "spec": POD}
_WORKLOAD: Shape = {"selector": {"matchLabels": MAP}, "template": _TEMPLATE}
# By group and kind; every other kind has its metadata looked at.
KINDS: dict[tuple[str, str], Shape] = {
    ("", "ConfigMap"): {"data": MAP, "binaryData": MAP},
    ("", "Secret"): {"data": MAP, "stringData": MAP, "type": TEXT},
    ("", "Pod"): {"spec": POD},
    ("", "ReplicationController"): {"spec": {"selector": MAP, "template": _TEMPLATE}},
    ("", "Service"): {
        "spec": {
            **dict.fromkeys(("type", "clusterIP", "externalName", "sessionAffinity"), TEXT),
            "selector": MAP,
            "ports": [{"name": TEXT, "protocol": TEXT}],
        }
    },
    **{("apps", kind): {"spec": _WORKLOAD} for kind in ("DaemonSet", "Deployment", "ReplicaSet")},
    ("apps", "StatefulSet"): {
        "spec": {**_WORKLOAD, "serviceName": TEXT, "volumeClaimTemplates": [{"metadata": METADATA}]}
    },
    ("batch", "Job"): {"spec": _WORKLOAD},
    ("batch", "CronJob"): {
        "spec": {"schedule": TEXT, "timeZone": TEXT, "jobTemplate": {"metadata": METADATA, "spec": _WORKLOAD}}
    },
    ("networking.k8s.io", "NetworkPolicy"): {"spec": {"podSelector": {"matchLabels": MAP}}},
    ("policy", "PodDisruptionBudget"): {"spec": {"selector": {"matchLabels": MAP}}},
}


class Mistyped(NamedTuple):
    """A field that holds something else than it must: where, what it holds, what is wanted; can_quote: quotes
    would make it right."""

    path: Path
    found: str
    wanted: str
    can_quote: bool


def mistyped(obj: dict[str, Any]) -> Iterator[Mistyped]:
    """The fields of an object that are of the wrong type. What is null is left to the API server."""
    yield from _inside(obj, {"metadata": METADATA}, ())
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    if shape := KINDS.get((group, str(obj.get("kind")))):
        yield from _inside(obj, shape, ())


def _inside(value: Any, shape: Any, path: Path) -> Iterator[Mistyped]:
    if value is None:
        return
    if shape is TEXT:
        if not isinstance(value, str):
            yield Mistyped(path, _what(value), TEXT, not isinstance(value, list | dict))
    elif shape is TEXTS or shape is MAP:
        if not isinstance(value, list if shape is TEXTS else dict):
            yield Mistyped(path, _what(value), shape, can_quote=False)
            return
        for key, each in enumerate(value) if isinstance(value, list) else value.items():
            yield from _inside(each, TEXT, (*path, key))
    elif isinstance(shape, list):
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from _inside(each, shape[0], (*path, index))
    elif isinstance(value, dict):
        for key in value.keys() & shape.keys():
            yield from _inside(value[key], shape[key], (*path, key))


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    kinds = {int: "a number", float: "a number", list: "a list", dict: "a mapping", str: "a text"}
    return kinds[type(value)]
