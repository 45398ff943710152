"""Whether the credential may do what a deployment does, asked of the API server beforehand.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.problem import Problem
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
_FOLLOWED = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def needed(manifests: Iterable[Resource], fixtures: Iterable[Resource] = ()) -> dict[Which, tuple[str, ...]]:
    """The verbs that a deployment of objects of these kinds needs, by resource."""
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
) -> dict[Which, Problem]:
    """A problem for every resource that the credential may not do all of this with.

    Who may do everything is asked for once; everybody else once per verb and resource, side by side. Where
    the question itself is not allowed, one line says so and there is no problem.
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
    return {which: _problem(connection, namespace, which, verbs) for which, verbs in refused.items()}


def _problem(connection: Connection, namespace: str, which: Which, verbs: list[str]) -> Problem:
    group, resource = which
    named = f"{resource}.{group}" if group else resource
    may_not = f"the credential in {connection.holder} may not {', '.join(verbs)} {named} in {namespace}"
    grant = f'apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{", ".join(verbs)}]'
    return Problem("", may_not, f"have it granted by a Role there: {grant}")


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
