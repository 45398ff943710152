"""Objects that choose pods by labels, and choose none: Service, PodDisruptionBudget, NetworkPolicy. Pure.

Pods may come from elsewhere, and later: so this warns, but for the Service by which the app is reached.
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import containers, templates
from toolkit.objects.resources import is_a

Json = dict[str, Any]


class Choice(NamedTuple):
    """An object that chooses pods, and the labels that they must have."""

    obj: Json
    selector: Json

    def takes(self, pod: Json) -> bool:
        """Whether a pod, or one of a template, is chosen."""
        return matches(self.selector, mapping(pod, "metadata", "labels"))


def choices(found: Iterable[Json]) -> Iterator[Choice]:
    """The objects that choose pods. An empty selector chooses all, or (of a Service) none on purpose."""
    for obj in found:
        plain = mapping(obj, "spec", "selector")
        if is_a(obj, "Service") and plain and text(obj, "spec", "type") != "ExternalName":
            yield Choice(obj, {"matchLabels": plain})
        if is_a(obj, "PodDisruptionBudget") and _says(plain):
            yield Choice(obj, plain)
        policy = mapping(obj, "spec", "podSelector")
        if is_a(obj, "NetworkPolicy") and _says(policy):
            yield Choice(obj, policy)


def lonely(found: Iterable[Json], makers: Iterable[Json]) -> list[Choice]:
    """Those among the objects found that choose no pod of any template of the makers."""
    made = [template for _, template in templates(makers)]
    return [each for each in choices(found) if not any(each.takes(template) for template in made)]


def problems(
    found: Sequence[Json], alone: Iterable[Choice], pods: Sequence[Json], service: str
) -> list[Problem]:
    """What chooses nothing, and Services whose port no chosen pod has. alone: the lonely ones; pods: those
    that there are now; service: the one by which the app is reached."""
    chosen = [_nothing(each, found, service) for each in alone if not any(each.takes(pod) for pod in pods)]
    return [*chosen, *_ports(found)]


def matches(selector: Json, labels: Json) -> bool:
    """Whether labels fit a label selector (matchLabels and matchExpressions, all of which must)."""
    plain = mapping(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in plain.items()):
        return False
    return all(_holds(each, labels) for each in objects(selector, "matchExpressions"))


def _holds(expression: Json, labels: Json) -> bool:
    key, values = text(expression, "key"), expression.get("values") or []
    known = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return known.get(text(expression, "operator"), True)


def _says(selector: Json) -> bool:
    return bool(selector.get("matchLabels") or selector.get("matchExpressions"))


def _nothing(choice: Choice, found: Sequence[Json], service: str) -> Problem:
    me, made = shown(choice.obj), list(templates(found))
    said = ", ".join(f"{key}={value}" for key, value in mapping(choice.selector, "matchLabels").items())
    there = _nearest(
        choice, [(shown(obj), mapping(template, "metadata", "labels")) for obj, template in made]
    )
    own = is_a(choice.obj, "Service") and text(choice.obj, "metadata", "name") == service
    return Problem(
        me,
        f"chooses no pods: none has {said or 'the labels that its selector asks for'}{there}",
        "correct its selector, or the labels of the pods' template",
        is_certain=own and bool(made),
    )


def _nearest(choice: Choice, made: Sequence[tuple[str, Json]]) -> str:
    """What the pods of the most similar template have instead."""
    wanted = mapping(choice.selector, "matchLabels")
    rows = [
        (sum(labels.get(key) == value for key, value in wanted.items()), who, labels) for who, labels in made
    ]
    known = max(rows, key=lambda row: row[0], default=None)
    if known is None:
        return ""
    other = [f"{key}={known[2].get(key, '(none)')}" for key in wanted if known[2].get(key) != wanted[key]]
    return f"; those of {known[1]} have {', '.join(other)}" if other else ""


def _ports(found: Sequence[Json]) -> Iterator[Problem]:
    for choice in choices(found):
        if not is_a(choice.obj, "Service"):
            continue
        mine = [(obj, each) for obj, each in templates(found) if choice.takes(each)]
        names = {
            text(port, "name")
            for _, each in mine
            for box in containers(each)
            for port in objects(box, "ports")
        }
        for port in objects(choice.obj, "spec", "ports"):
            wanted = port.get("targetPort")
            if mine and isinstance(wanted, str) and not wanted.isdigit() and wanted not in names:
                who = ", ".join(dict.fromkeys(shown(obj) for obj, _ in mine))
                sentence = f'leads to the port "{wanted}", which no container of {who} has'
                remedy = "give a containerPort that name, or say its number in targetPort"
                yield Problem(shown(choice.obj), sentence, remedy, is_certain=False)
