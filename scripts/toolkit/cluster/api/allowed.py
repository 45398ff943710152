"""What a credential is allowed in a namespace, as far as the API server tells it in one answer.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from typing import Any, NamedTuple

from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import at, objects

Json = dict[str, Any]

REVIEWS = "/apis/authorization.k8s.io/v1"
UNASKABLE = (403, 404, 405)


class Rules(NamedTuple):
    """RBAC rules; is_whole: what they do not allow is not allowed. An authorizer need not know its own."""

    rules: tuple[Json, ...] = ()
    is_whole: bool = False


def own_rules(connection: Connection, namespace: str) -> Rules:
    """The rules that hold for the credential itself; none, and not the whole, where that may not be asked."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    try:
        answer = connection.json(
            "POST", f"{REVIEWS}/selfsubjectrulesreviews", body=review, doing="asking for its permissions"
        )
    except ApiError as error:
        if error.status not in UNASKABLE:
            raise
        return Rules()
    whole = at(answer, "status", "incomplete") is not True
    return Rules(tuple(objects(answer, "status", "resourceRules")), whole)
