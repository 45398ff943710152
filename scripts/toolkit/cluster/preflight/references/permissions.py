"""What a RoleBinding or ClusterRoleBinding binds: a role, and the accounts that get it. Pure.

https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-binding-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.cluster.preflight.references.reference import Reference, to
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.resources import is_a

Json = dict[str, Any]


def references(obj: Json) -> Iterator[Reference]:
    """A role that is not there gives nothing, until somebody makes it; so with an account."""
    if not is_a(obj, "RoleBinding"):
        return
    role = mapping(obj, "roleRef")
    if text(role, "kind") in ("Role", "ClusterRole") and text(role, "name"):
        yield Reference(to(text(role, "kind"), text(role, "name")), "", shown(obj), "roleRef")
    for each in objects(obj, "subjects"):
        if text(each, "kind") == "ServiceAccount" and text(each, "name") not in ("", "default"):
            key = to("ServiceAccount", text(each, "name"), text(each, "namespace"))
            yield Reference(key, "", shown(obj), "subjects", is_certain=False)
