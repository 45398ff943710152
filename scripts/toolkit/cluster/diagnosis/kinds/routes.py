"""Services and Ingresses: whether they lead anywhere.

Only what the app's own manifests settle between them is called wrong. What may be another app's (pods that
somebody else makes, a Service that is not there yet) is told, and not held against this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from toolkit.cluster.diagnosis.container_diagnosis import short
from toolkit.cluster.diagnosis.finding import Cause, suspicious, waiting
from toolkit.cluster.diagnosis.kinds.rule import Applied, Around, Json, View, good, pending, unjudged
from toolkit.objects.fields import at, mapping, name, number, objects, owner, text
from toolkit.objects.pods import TEMPLATED, TEMPLATES

# Events of the cloud's controller (kubernetes: cloud-provider/controllers/service).
_BALANCER = ("SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "EnsuredLoadBalancer")
_ONE_EACH = ("DaemonSet", "Job", "CronJob")


class Made(NamedTuple):
    """What makes pods: Kind/name, the labels and containers of its pods, and how many there are to be."""

    shown: str
    labels: Mapping[str, str]
    template: Json
    wanted: int


def makers(around: Around) -> Iterator[Made]:
    """What of the app makes pods, as far as it is looked at."""
    for kind in TEMPLATED:
        for obj in around.all(kind):
            if owner(obj):  # a Deployment's old ReplicaSets make no pods any more
                continue
            template = next(filter(None, (mapping(obj, *way) for way in TEMPLATES)), {})
            wanted = 1 if kind in _ONE_EACH else number(obj, "spec", "replicas", default=1)
            yield Made(f"{kind}/{name(obj)}", mapping(template, "metadata", "labels"), template, wanted)


def single(around: Around, selector: Mapping[str, str]) -> Iterator[Made]:
    """The pods of the app that a selector chooses, whatever has made them."""
    for pod in around.all("Pod"):
        labels = mapping(pod, "metadata", "labels")
        if chosen(selector, labels):
            yield Made(f"Pod/{name(pod)}", labels, pod, 1)


def chosen(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels have all that a selector asks for."""
    return all(labels.get(key) == value for key, value in selector.items())


def service(applied: Applied, live: Json, around: Around) -> View:
    """A Service: it selects something, and has an address from outside where it is to have one."""
    selector = mapping(live, "spec", "selector")
    kind = text(live, "spec", "type")
    if kind == "ExternalName":
        return good(f"stands for {text(live, 'spec', 'externalName')}")
    view = (
        _selecting(applied, live, around, selector)
        if selector
        else good("has no selector: nothing to choose")
    )
    if kind != "LoadBalancer" or view.findings or objects(live, "status", "loadBalancer", "ingress"):
        return view
    failed = [each for each in around.events.get(applied.uid, []) if text(each, "reason") in _BALANCER]
    if failed and text(failed[-1], "reason") != "EnsuredLoadBalancer":
        sentence = f"has no address from outside: {short(text(failed[-1], 'message'))}"
        return pending("no address yet", waiting(Cause.ROUTE, applied.shown, sentence))
    return pending(
        "no address from outside yet", waiting(Cause.ROUTE, applied.shown, "has no address from outside yet")
    )


def _selecting(applied: Applied, live: Json, around: Around, selector: Mapping[str, str]) -> View:
    made = list(makers(around))
    mine = [each for each in made if chosen(selector, each.labels)] or list(single(around, selector))
    if text(live, "spec", "clusterIP") == "None" and not mine:
        return good("headless")
    asked = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
    if not mine:
        return _selects_nothing(applied, around, made, selector, asked)
    if not any(each.wanted for each in mine):
        return good(f"leads to {mine[0].shown}, which has no replicas")
    lost = [port for port in _named_ports(live) if not any(_has_port(each.template, port) for each in mine)]
    if lost:
        sentence = f"its targetPort {lost[0]} is no port of {', '.join(each.shown for each in mine[:3])}"
        return pending(f"targetPort {lost[0]}", suspicious(Cause.ROUTE, applied.shown, sentence))
    return good(f"leads to {', '.join(each.shown for each in mine[:3])}")


def _selects_nothing(
    applied: Applied, around: Around, made: list[Made], selector: Mapping[str, str], asked: str
) -> View:
    elsewhere = around.elsewhere("Pod", labels=selector)
    if elsewhere:
        return good(f"leads to pods of another app ({asked})")
    lasting = [each for each in made if not each.shown.startswith(("Job/", "CronJob/"))]
    if elsewhere is None or not lasting or around.has_strangers:
        return unjudged(f"no pod has the labels that it selects ({asked}), and they may come from elsewhere")
    near = max(lasting, key=lambda each: sum(each.labels.get(k) == v for k, v in selector.items()))
    theirs = ", ".join(f"{key}={near.labels.get(key, '(none)')}" for key in sorted(selector))
    sentence = f"selects nothing: no pod has {asked}; those of {near.shown} have {theirs}"
    return pending("selects nothing", suspicious(Cause.ROUTE, applied.shown, sentence))


def _named_ports(live: Json) -> list[str]:
    return [port for each in objects(live, "spec", "ports") if (port := text(each, "targetPort"))]


def _has_port(template: Json, port: str) -> bool:
    if port.isdigit():
        return True
    specs = [*objects(template, "spec", "containers"), *objects(template, "spec", "initContainers")]
    return any(text(each, "name") == port for spec in specs for each in objects(spec, "ports"))


def ingress(applied: Applied, live: Json, around: Around) -> View:
    """An Ingress: its backends are there, and have the ports that it names."""
    backends = list(_backends(live))
    wrong = [said for each in backends if (said := _wrong_port(each, around))]
    if wrong:
        return pending("leads to no port", suspicious(Cause.ROUTE, applied.shown, wrong[0]))
    services = list(dict.fromkeys(text(each, "service", "name") for each in backends))
    services = [each for each in services if each]
    absent = [
        each
        for each in services
        if around.named("Service", each) is None and around.elsewhere("Service", each) is False
    ]
    if not absent:
        return good(f"leads to {', '.join(f'Service/{each}' for each in services) or 'no Service'}")
    sentence = f"its backend {', '.join(f'Service/{each}' for each in absent)} is not there"
    if len(absent) == len(services):
        return pending("leads nowhere", suspicious(Cause.ROUTE, applied.shown, sentence, patience=30.0))
    return unjudged(f"{sentence}; another app may make it")


def _backends(live: Json) -> Iterator[Json]:
    default = mapping(live, "spec", "defaultBackend")
    if default:
        yield default
    for rule in objects(live, "spec", "rules"):
        for path in objects(rule, "http", "paths"):
            yield mapping(path, "backend")


def _wrong_port(backend: Json, around: Around) -> str:
    """What is wrong with the port of one of the app's own Services; "" when nothing is."""
    found = around.named("Service", text(backend, "service", "name"))
    if found is None:
        return ""
    wanted = at(backend, "service", "port", "name") or at(backend, "service", "port", "number")
    ports = objects(found, "spec", "ports")
    if wanted is None or any(wanted in (text(each, "name"), each.get("port")) for each in ports):
        return ""
    has = ", ".join(str(text(each, "name") or each.get("port")) for each in ports) or "none"
    return f"its backend Service/{name(found)} has no port {wanted} (it has: {has})"
