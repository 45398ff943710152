"""What stands behind a Service, and whether it is what was deployed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.cluster.api.endpoints import Endpoint
from toolkit.cluster.diagnosis import diagnosis, pods, progress
from toolkit.cluster.diagnosis.container_diagnosis import exit_words
from toolkit.cluster.evidence.worst import state
from toolkit.cluster.release.releases import Release
from toolkit.health.troubles import Ill, Trouble
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, name, number, objects, owner, text

Json = dict[str, Any]


def is_of(pod: Json, app: str) -> bool:
    """Whether a pod carries the label that all of an app's pods carry."""
    return text(pod, "metadata", "labels", manifests.APP_GROUP) == manifests.group_of(app)


def is_served_by(pod: Json, service: Json) -> bool:
    """Whether a Service's selector catches a pod."""
    labels, wanted = mapping(pod, "metadata", "labels"), mapping(service, "spec", "selector")
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def is_lasting(pod: Json) -> bool:
    """Whether a pod is there to stay: not on its way out, not ended (evicted: another has replaced it), no
    Job's."""
    ended = text(pod, "status", "phase") in ("Succeeded", "Failed")
    return not pods.leaves(pod) and not ended and not owner(pod, "Job")


def troubles(
    app: str, service: Json, seen: Sequence[Json], endpoints: Sequence[Endpoint] | None, release: Release
) -> list[Trouble]:
    """What is wrong with the pods of an app, and with what its Service sends to.

    seen are the app's pods, and those that the selector catches. Without endpoints (None: they may not be
    read) the pods' own readiness stands for them.
    """
    caught = [pod for pod in seen if is_served_by(pod, service)]
    mine = [pod for pod in seen if is_of(pod, app)]
    found = _strays(app, service, caught, endpoints or [], {name(pod): pod for pod in seen})
    if not any(is_of(pod, app) for pod in caught):
        found.append(Trouble(Ill.NO_PODS, f"no pod of {app} stands behind Service/{name(service)}"))
    ready = {name(pod) for pod in diagnosis.ready_pods(mine)}
    sent_to = {each.pod for each in endpoints if each.ready} if endpoints is not None else ready
    for pod in mine:
        if name(pod) in ready | sent_to:
            found += wrong_images(pod, release)
        if name(pod) not in ready:
            found.append(Trouble(Ill.NOT_READY, not_ready(pod), name(pod)))
        elif pod in caught and name(pod) not in sent_to:
            sentence = f"Pod/{name(pod)} is ready, but Service/{name(service)} sends nothing to it"
            found.append(Trouble(Ill.LEFT_OUT, sentence, name(pod)))
    return found


def _strays(
    app: str,
    service: Json,
    caught: Sequence[Json],
    endpoints: Sequence[Endpoint],
    seen: Mapping[str, Json],
) -> list[Trouble]:
    """What the Service sends to, or would, that is not of the app."""
    me = f"Service/{name(service)}"
    found = []
    for pod in caught:
        if not is_of(pod, app):
            group = text(pod, "metadata", "labels", manifests.APP_GROUP)
            whose = (
                f"it has {manifests.APP_GROUP}={group}" if group else f"it has no label {manifests.APP_GROUP}"
            )
            sentence = f"Pod/{name(pod)} stands behind {me} and is not of {app}: {whose}"
            found.append(Trouble(Ill.STRAY, sentence, name(pod)))
    for endpoint in endpoints:
        if endpoint.ready and not endpoint.pod:
            sentence = f"{me} sends to {endpoint.address}, which is no pod's address"
            found.append(Trouble(Ill.STRAY, sentence))
        elif endpoint.ready and endpoint.pod not in seen:
            sentence = (
                f"{me} still sends to Pod/{endpoint.pod} at {endpoint.address}, which does not run any more"
            )
            found.append(Trouble(Ill.LEFT_OUT, sentence, endpoint.pod))
    return found


def down(pod: Json, port: int) -> str:
    """Why nobody in a pod could listen on a port, as one clause; "" when somebody could, or nothing is known.

    It is about the container that declares the port; where none does, about all of them.
    """
    declared = {
        text(each, "name")
        for each in objects(pod, "spec", "containers")
        if any(number(row, "containerPort") == port for row in objects(each, "ports"))
    }
    statuses = objects(pod, "status", "containerStatuses")
    asked = [each for each in statuses if text(each, "name") in declared] or statuses
    if not asked or any("running" in mapping(each, "state") or not each.get("state") for each in asked):
        return ""
    return "; ".join(map(_how_down, asked))


def _how_down(status: Json) -> str:
    which, waits = text(status, "name"), text(status, "state", "waiting", "reason")
    ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
    why = [exit_words(ended)] if ended else []
    why += [waits] if waits else []
    return f"its container {which} does not run ({', '.join(why) or 'no reason given'})"


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready."""
    return bool(diagnosis.ready_pods([pod]))


def not_ready(pod: Json) -> str:
    """That a pod is not ready, and why, as a clause."""
    why = state(pod)
    return f"Pod/{name(pod)} is not ready" + (f" ({why})" if why and not why.startswith("not ready") else "")


def wrong_images(pod: Json, release: Release) -> list[Trouble]:
    """The containers that do not run the release's digest; of others (sidecars) those that do not run what
    the pod itself asks for."""
    running = diagnosis.image_ids(pod)
    containers = objects(pod, "spec", "containers")
    wrong, mine = [], 0
    for container in containers:
        image = _image(container)
        ours = [each for each in release.images.values() if _repository(each) == _repository(image)]
        mine += bool(ours)
        wanted = {progress.digest_of(each) for each in ours or [image]} - {""}
        digest = _running(container, running)
        if wanted and digest and digest not in wanted:
            who = f"Pod/{name(pod)} container {text(container, 'name')}"
            what = f"not what was deployed: {release.version} is" if ours else "but it asks for"
            sentence = f"{who} runs {_short(digest)}, {what} {_short(min(wanted))}"
            wrong.append(Trouble(Ill.WRONG_IMAGE, sentence, name(pod)))
    if release.images and containers and not mine:
        images = ", ".join(map(_image, containers))
        sentence = f"Pod/{name(pod)} runs {images}: none of the images of {release.version}"
        wrong.append(Trouble(Ill.WRONG_IMAGE, sentence, name(pod)))
    return wrong


def _running(container: Json, running: Mapping[str, str]) -> str:
    """The digest that the node reports; where it tells the configuration's and not the manifest's, the one
    that the pod asks for."""
    image_id = running.get(text(container, "name"), "")
    return progress.digest_of(image_id) if "@" in image_id else progress.digest_of(_image(container))


def _image(container: Json) -> str:
    return text(container, "image")


def _repository(reference: str) -> str:
    """An image's name, without its digest and its tag."""
    bare = reference.partition("@")[0]
    head, colon, tag = bare.rpartition(":")
    return head if colon and "/" not in tag else bare


def _short(digest: str) -> str:
    return digest[:19]  # sha256: and 12 digits


def pod_port(service: Json, pod: Json, port: int) -> int:
    """The container port behind a port of the Service: its targetPort, a number or a port's name."""
    ports = objects(service, "spec", "ports")
    row = next((each for each in ports if each.get("port") == port), ports[0] if ports else {})
    target = row.get("targetPort", row.get("port", port))
    if isinstance(target, str) and not target.isdigit():
        for container in objects(pod, "spec", "containers"):
            for each in objects(container, "ports"):
                if text(each, "name") == target:
                    return number(each, "containerPort", default=port)
        return port
    return int(target)
