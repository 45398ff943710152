"""Whether the credential may do what a deployment does, asked of the API server beforehand.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import mapping
from toolkit.objects.resources import Resource

Json = dict[str, Any]
# (API group, resource with its subresource)
Which = tuple[str, str]

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
# What every deployment does: follow the rollout, look at the app, hold the lock, keep the record.
_ALWAYS: Mapping[Which, tuple[str, ...]] = {
    ("", "pods"): ("get", "list", "watch"),
    ("", "pods/log"): ("get",),
    ("", "pods/proxy"): ("get",),
    ("", "services/proxy"): ("get",),
    ("", "events"): ("list", "watch"),
    ("apps", "replicasets"): ("list", "watch"),
    ("coordination.k8s.io", "leases"): ("get", "create", "update", "delete"),
    ("", "configmaps"): ("get", "create", "update"),
}
_OF_A_MANIFEST = ("get", "list", "create", "patch", "delete")
# What a deployment goes without: it deletes nothing then, reads no logs, and does not see whose an object is.
_SPARED = {
    ("", "pods/log"): ("get",),
}
_SPARED_OF_A_MANIFEST = ("get", "list", "delete")
_FOLLOWED = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def needed(manifests: Iterable[Resource], fixtures: Iterable[Resource] = ()) -> dict[Which, tuple[str, ...]]:
    """The verbs that a deployment of objects of these kinds uses, by resource."""
    wanted: dict[Which, list[str]] = {which: list(verbs) for which, verbs in _ALWAYS.items()}
    for resource in manifests:
        verbs = (*_OF_A_MANIFEST, "watch") if resource.kind in _FOLLOWED else _OF_A_MANIFEST
        wanted.setdefault(which_of(resource), []).extend(verbs)
    for resource in fixtures:
        wanted.setdefault(which_of(resource), []).extend(("get", "create"))
    return {which: tuple(dict.fromkeys(verbs)) for which, verbs in wanted.items()}


def which_of(resource: Resource) -> Which:
    """A kind's API group and resource."""
    return resource.api_version.rpartition("/")[0], resource.plural


def lacking(
    connection: Connection,
    namespace: str,
    wanted: Mapping[Which, tuple[str, ...]],
    pool: Executor,
    say: Callable[[str], None],
) -> dict[Which, list[str]]:
    """The verbs that the credential may not do, of every resource of which there are any.

    Who may do everything is asked for once; everybody else once per verb and resource, side by side. Where
    the question itself is not allowed, one line says so and nothing is lacking.
    """
    try:
        if _allowed(connection, namespace, ("*", "*"), "*"):
            return {}
        asked = [(which, verb) for which, verbs in wanted.items() for verb in verbs]
        answers = pool.map(lambda row: _allowed(connection, namespace, *row), asked)
        refused: dict[Which, list[str]] = {}
        for (which, verb), may in zip(asked, answers, strict=True):
            if not may:
                refused.setdefault(which, []).append(verb)
    except ApiError as error:
        if error.status not in (403, 404, 405):
            raise
        say(f"whether {connection.holder} has the permissions it needs could not be asked ({error.status})")
        return {}
    return refused


def problems(
    connection: Connection,
    namespace: str,
    refused: Mapping[Which, Sequence[str]],
    resources: Iterable[Resource],
    new: Collection[Which],
) -> dict[Which, list[Problem]]:
    """What that means, by resource: one problem for what is needed, a warning for what is of use.

    resources are those of the manifests, new those of which an object has to be created.
    """
    followed = {which_of(each): each.kind in _FOLLOWED for each in resources}
    found: dict[Which, list[Problem]] = {}
    for which, verbs in refused.items():
        spared = list(_SPARED.get(which, ()))
        if which in followed:
            spared += [*_SPARED_OF_A_MANIFEST, *(() if which in new else ("create",))]
        needed = {*_ALWAYS.get(which, ()), *(("get", "list") if followed.get(which) else ())} - set(
            _SPARED.get(which, ())
        )
        for certain in (True, False):
            if rows := [verb for verb in verbs if (verb in needed or verb not in spared) is certain]:
                found.setdefault(which, []).append(_problem(connection, namespace, which, rows, certain))
    return found


def _problem(
    connection: Connection, namespace: str, which: Which, verbs: list[str], is_certain: bool
) -> Problem:
    group, resource = which
    named = f"{resource}.{group}" if group else resource
    may_not = f"the credential in {connection.holder} may not {', '.join(verbs)} {named} in {namespace}"
    grant = f'apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{", ".join(verbs)}]'
    return Problem("", may_not, f"have it granted by a Role there: {grant}", is_certain=is_certain)


def _allowed(connection: Connection, namespace: str, which: Which, verb: str) -> bool:
    resource, _, subresource = which[1].partition("/")
    attributes = {"namespace": namespace, "verb": verb, "group": which[0], "resource": resource}
    if subresource:
        attributes["subresource"] = subresource
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = connection.json("POST", _PATH, body=review, doing="asking for its permissions")
    return mapping(answer, "status").get("allowed") is True
