"""What a restart changes of each workload: a partial object with what it was before beside it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.fields import mapping, name, objects, shown, text
from toolkit.settings.apps.restarts import Restart

Json = dict[str, Any]
BEFORE = "restart.form-builder/before"
"""Annotation of a recorded object, not of the workload: its containers' images, or RESTARTED, before."""
RESTARTED = "form-builder/restarted-for"
"""Annotation of a pod template: the release that its pods were made anew for."""


def partial(live: Json, restart: Restart, image: str, version: str) -> Json:
    """What is to become of a workload: the image in its containers, or pods made anew for a version.

    Raises Misused when it has no container that is meant, or its pods lack the selector's labels.
    """
    labels = mapping(live, "spec", "template", "metadata", "labels")
    if not restart.labels.items() <= labels.items():
        raise Misused(f"{shown(live)}: its pods do not carry {restart.selector}, as it does itself")
    if not restart.image:
        return _made(live, {}, version)
    return _made(live, dict.fromkeys(containers(live, restart, image), image), "")


def containers(live: Json, restart: Restart, image: str) -> list[str]:
    """The containers that get the image: the one that is named, the only one, or those that run it already
    in another version. Raises Misused when there is none."""
    known = {name_of(each): text(each, "image") for each in _containers(live)}
    if restart.container:
        found = [restart.container] if restart.container in known else []
    elif len(known) == 1:
        found = list(known)
    else:
        found = [each for each, runs in known.items() if repository(runs) == repository(image)]
    if found:
        return found
    wanted = (
        f"no container {restart.container}" if restart.container else f"no container of {repository(image)}"
    )
    raise Misused(f"{shown(live)} has {wanted} (it has {', '.join(known)})")


def state(live: Json, wanted: Json) -> dict[str, str]:
    """What a workload has where a partial object says something: containers' images, or RESTARTED."""
    images = {name_of(each): text(each, "image") for each in _containers(live)}
    named = [name_of(each) for each in _containers(wanted)]
    if named:
        return {each: images.get(each, "") for each in named}
    return {RESTARTED: text(live, "spec", "template", "metadata", "annotations", RESTARTED)}


def images(wanted: Json) -> dict[str, str]:
    """The images that a partial object sets, by container."""
    return {name_of(each): text(each, "image") for each in _containers(wanted)}


def is_there(live: Json | None, wanted: Json) -> bool:
    """Whether a workload is as the partial object has it."""
    return live is not None and state(live, wanted) == state(wanted, wanted)


def before(wanted: Json) -> dict[str, str]:
    """What the workload had before, {} when nobody wrote that down."""
    try:
        return {str(key): str(value) for key, value in json.loads(_annotation(wanted)).items()}
    except (ValueError, AttributeError):
        return {}


def remembering(wanted: Json, was: dict[str, str]) -> Json:
    """The same with another memory of what was before."""
    return annotated(wanted, BEFORE, json.dumps(was, sort_keys=True))


def annotated(wanted: Json, key: str, value: str) -> Json:
    """The same with one more annotation, of which the record tells and not the workload."""
    annotations = {**mapping(wanted, "metadata", "annotations"), key: value}
    return {**wanted, "metadata": {**wanted["metadata"], "annotations": annotations}}


def back(live: Json, wanted: Json, was: dict[str, str]) -> Json:
    """What puts a workload back to what it was."""
    images = {key: value for key, value in was.items() if key != RESTARTED}
    return _made({**live, "kind": wanted["kind"]}, images, was.get(RESTARTED, ""))


def repository(reference: str) -> str:
    """An image's name, without its digest and its tag."""
    bare = reference.partition("@")[0]
    head, colon, tag = bare.rpartition(":")
    return head if colon and "/" not in tag else bare


def waves(found: Sequence[Json], size: int) -> list[list[Json]]:
    """One at first, to see whether it lives at all; then as many as a wave has."""
    rest = found[1:]
    first = [list(found[:1])] if found else []
    return [*first, *(list(rest[at : at + size]) for at in range(0, len(rest), size))]


def name_of(container: Json) -> str:
    """A container's name."""
    return text(container, "name")


def _annotation(obj: Json) -> str:
    return text(obj, "metadata", "annotations", BEFORE)


def _containers(obj: Json) -> list[Json]:
    return objects(obj, "spec", "template", "spec", "containers")


def _made(live: Json, images: dict[str, str], version: str) -> Json:
    rows = [{"name": key, "image": value} for key, value in images.items()]
    template: Json = (
        {"spec": {"containers": rows}}
        if rows
        else {"metadata": {"annotations": {RESTARTED: version or None}}}
    )
    made: Json = {
        "apiVersion": "apps/v1",
        "kind": text(live, "kind"),
        "metadata": {"name": name(live), "namespace": text(live, "metadata", "namespace")},
        "spec": {"template": template},
    }
    return remembering(made, state(live, made))
