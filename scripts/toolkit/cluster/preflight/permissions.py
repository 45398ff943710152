"""Whether the credential may do what an app's stages do, asked of the API server beforehand.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

from toolkit.cluster.access import rights
from toolkit.cluster.access.rights import Right
from toolkit.cluster.access.rules import Deed, allows
from toolkit.cluster.api.allowed import REVIEWS, UNASKABLE, own_rules
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.demands import RUN_TIME
from toolkit.cluster.preflight.references.reference import Reference
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.cluster.preflight.saying.refusals import GRANT
from toolkit.objects.fields import mapping
from toolkit.objects.resources import Resource, key_of

Json = dict[str, Any]
# (API group, resource with its subresource)
Which = tuple[str, str]


def needed(
    resources: Iterable[Resource],
    found: Sequence[Json],
    references: Iterable[Reference],
    namespace: str,
    *,
    fixtures: Iterable[Resource] = (),
    suites: Iterable[Right] = (),
) -> list[Right]:
    """The rights that an app needs in its namespace.

    resources are the kinds of its objects, found; references what those need; fixtures the kinds of what is
    created before them; suites what its suites need there.
    """
    mine = {key_of(obj, namespace) for obj in found}
    read = (each.to for each in references if each.to.kind != "Secret" or each.place != RUN_TIME)
    outside = dict.fromkeys(key for key in read if key not in mine)
    return rights.together(
        [
            *rights.ALWAYS,
            *rights.of_manifests(resources),
            *rights.of_fixtures(fixtures),
            *rights.of_references(outside, namespace),
            *rights.of_roles(found),
            *suites,
        ]
    )


def which_of(resource: Resource) -> Which:
    """A kind's API group and resource."""
    return resource.api_version.rpartition("/")[0], resource.plural


def lacking(
    connection: Connection,
    namespace: str,
    wanted: Iterable[Right],
    pool: Executor,
    say: Callable[[str], None],
) -> list[Right]:
    """What of these rights the credential has not.

    Its rules are asked for once; what they do not tell of (an authorizer need not know its own), for
    each verb, side by side. Where no question is allowed, one line says so and nothing is lacking.
    """
    wanted = list(wanted)
    try:
        rules = own_rules(connection, namespace).rules
        asked = [deed for right in wanted for deed in right.deeds if not allows(rules, deed)]
        answers = pool.map(lambda deed: _allowed(connection, namespace, deed), asked)
        refused = {deed for deed, may in zip(asked, answers, strict=True) if not may}
    except ApiError as error:
        if error.status not in UNASKABLE:
            raise
        say(f"whether {connection.holder} has the permissions it needs could not be asked ({error.status})")
        return []
    found = []
    for right in wanted:
        if verbs := tuple(deed.verb for deed in right.deeds if deed in refused):
            found.append(right._replace(verbs=verbs))
    return found


def problems(
    connection: Connection, namespace: str, refused: Iterable[Right], is_new: Callable[[Which], bool]
) -> dict[Which, list[Problem]]:
    """What that means, by resource: one problem for what is needed, a warning for what is of use.

    is_new: whether an object of this kind has to be created. What only foresees is left to `unforeseen`.
    """
    rows: dict[tuple[Which, bool], list[Right]] = {}
    for right in refused:
        if right.is_foresight or right.grants:
            continue
        which = (right.group, right.resource)
        creates = tuple(verb for verb in right.verbs if verb == "create" and right.is_of_manifests)
        spared = creates if not is_new(which) else ()
        certain = tuple(verb for verb in right.verbs if verb not in spared) if not right.spared else ()
        for is_certain, verbs in (
            (True, certain),
            (False, tuple(v for v in right.verbs if v not in certain)),
        ):
            if verbs:
                rows.setdefault((which, is_certain), []).append(right._replace(verbs=verbs))
    found: dict[Which, list[Problem]] = {}
    for (which, is_certain), each in sorted(rows.items(), key=lambda row: not row[0][1]):
        found.setdefault(which, []).append(_problem(connection, namespace, which, each, is_certain))
    return found


def granting(
    connection: Connection, namespace: str, refused: Iterable[Right], unbound: Collection[str]
) -> list[Problem]:
    """The Roles among the objects that grant more than the credential has, of those that are not there yet
    and are to be bound (unbound, by name): of all others the dry run tells, of a binding to these it cannot.

    Raises ApiError.
    """
    more: dict[str, list[str]] = {}
    for each in refused:
        if each.grants in unbound:
            more.setdefault(each.grants, []).append(
                f"{', '.join(each.verbs)} {named(each.group, each.resource)}"
            )
    found = []
    for role, said in more.items():
        if not _allowed(connection, namespace, Deed("bind", rights.RBAC, "roles", role)):
            sentence = f"grants what {connection.holder} may not do itself in {namespace}: {'; '.join(said)}"
            found.append(Problem(f"Role/{role}", sentence, GRANT))
    return found


def unforeseen(connection: Connection, namespace: str, refused: Iterable[Right]) -> str:
    """One sentence on what is not foreseen because the credential may not look; "" for nothing."""
    rows = [each for each in refused if each.is_foresight]
    if not rows:
        return ""
    may_not = dict.fromkeys(f"{', '.join(each.verbs)} {named(each.group, each.resource)}" for each in rows)
    so = dict.fromkeys(each.spared for each in rows)
    return f"{connection.holder} may not {', '.join(may_not)} in {namespace}: {'; '.join(so)}"


def named(group: str, resource: str) -> str:
    """A resource as kubectl has it: leases.coordination.k8s.io."""
    return f"{resource}.{group}" if group else resource


def _problem(
    connection: Connection, namespace: str, which: Which, refused: Sequence[Right], is_certain: bool
) -> Problem:
    group, resource = which
    verbs = ", ".join(dict.fromkeys(verb for each in refused for verb in each.verbs))
    names = (
        [] if any(not each.name for each in refused) else list(dict.fromkeys(each.name for each in refused))
    )
    one = f" {', '.join(names)}" if names else ""
    may_not = (
        f"the credential in {connection.holder} may not {verbs} {named(group, resource)}{one} in {namespace}"
    )
    only = f", resourceNames: [{', '.join(names)}]" if names else ""
    grant = f'apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{verbs}]{only}'
    return Problem("", may_not, f"have it granted by a Role there: {grant}", is_certain=is_certain)


def _allowed(connection: Connection, namespace: str, deed: Deed) -> bool:
    resource, _, subresource = deed.resource.partition("/")
    given = {
        "namespace": namespace,
        "verb": deed.verb,
        "group": deed.group,
        "resource": resource,
        "subresource": subresource,
        "name": deed.name,
    }
    spec = {"resourceAttributes": {key: value for key, value in given.items() if value or key == "group"}}
    answer = connection.json(
        "POST",
        f"{REVIEWS}/selfsubjectaccessreviews",
        body={"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec},
        doing="asking for its permissions",
    )
    return mapping(answer, "status").get("allowed") is True
