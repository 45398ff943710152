"""Objects as YAML, as somebody would want to read them: without bookkeeping and without secrets. Pure."""

from __future__ import annotations

import re
from typing import Any

import yaml

from toolkit.base.redaction import MASK, is_secret_name, scrub
from toolkit.cluster.api.watch import Json
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.evidence.worst import worst
from toolkit.objects.fields import mapping, number, owner, text, uid

# All by themselves, and of ReplicaSets those that have pods or that were the last.
KEPT = ("Deployment", "StatefulSet", "DaemonSet", "Job")
LAST_SETS = 2
MOST = 40

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_BOOKKEEPING = ("kubectl.kubernetes.io/last-applied-configuration",)
_FLAG = re.compile(r"^--?([A-Za-z][\w-]*)$")


def worth_keeping(scene: Scene, object_: str = "") -> list[Json]:
    """The objects of a scene that tell what is wrong: workloads, ReplicaSets new and old, the worst pods."""
    found = [obj for kind in KEPT for obj in scene.all(kind)]
    sets = scene.all("ReplicaSet")
    for deployment in scene.all("Deployment"):
        mine = [each for each in sets if owner(each) == uid(deployment)]
        mine.sort(key=lambda each: text(each, "metadata", "creationTimestamp"), reverse=True)
        with_pods = [each for each in mine[LAST_SETS:] if number(each, "status", "replicas")]
        found += [*mine[:LAST_SETS], *with_pods]
    kind, _, named = object_.partition("/")
    subject = [obj for obj in scene.all(kind) if text(obj, "metadata", "name") == named]
    others = [obj for obj in subject if kind not in (*KEPT, "ReplicaSet", "Pod")]
    return [*others, *found, *worst(scene, object_)][:MOST]


def as_yaml(obj: Json) -> str:
    """One object, masked."""
    lean = {key: value for key, value in obj.items() if key != "metadata"}
    metadata = dict(mapping(obj, "metadata"))
    metadata.pop("managedFields", None)
    notes = {k: v for k, v in mapping(metadata, "annotations").items() if k not in _BOOKKEEPING}
    notes = {key: MASK if is_secret_name(str(key)) else value for key, value in notes.items()}
    if notes or "annotations" in metadata:
        metadata["annotations"] = notes
    head = {key: lean.pop(key) for key in ("apiVersion", "kind") if key in lean}
    return str(
        yaml.dump(
            masked({**head, "metadata": metadata, **lean}),
            Dumper=_DUMPER,
            sort_keys=False,
            allow_unicode=True,
            width=1_000_000,  # a folded value could not be found again in order to mask it
        )
    )


def masked(value: Any) -> Any:
    """A copy of JSON in which what is, or by its name must be, a secret reads ***."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return _arguments([masked(each) for each in value])
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("name"), str) and isinstance(
        value.get("value"), str
    ):  # a variable of a container
        hide = is_secret_name(value["name"]) and not value["value"].startswith("$(")
        return {**value, "value": MASK if hide and value["value"] else masked(value["value"])}
    return {key: masked(each) for key, each in value.items()}


def _arguments(words: list[Any]) -> list[Any]:
    """A command line whose flag says that the next word is a secret: --password hunter2."""
    hidden = list(words)
    for place, word in enumerate(words[:-1]):
        flag = _FLAG.match(word) if isinstance(word, str) else None
        if flag and is_secret_name(flag[1].replace("-", "_")) and isinstance(words[place + 1], str):
            hidden[place + 1] = MASK
    return hidden
