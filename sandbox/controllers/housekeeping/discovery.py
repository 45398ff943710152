"""What kinds the API serves, for the controllers that care about all of them."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.base.client import Client, Object, path

DEFINITIONS = ("apiextensions.k8s.io/v1", "customresourcedefinitions")


@dataclass(frozen=True)
class Resource:
    """One collection of the API that can be listed, watched and deleted from."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


def custom(definition: Object) -> Resource | None:
    """The collection that a CustomResourceDefinition adds; None while it is not served."""
    conditions = (definition.get("status") or {}).get("conditions") or []
    if not any((one["type"], one["status"]) == ("Established", "True") for one in conditions):
        return None
    spec = definition["spec"]
    version = next(one["name"] for one in spec["versions"] if one.get("storage"))
    names, scope = spec["names"], spec["scope"]
    return Resource(f"{spec['group']}/{version}", names["kind"], names["plural"], scope == "Namespaced")


async def discover(client: Client) -> list[Resource]:
    """All such resources that are built in, each group in its preferred version.

    ApiError when the API does not answer.
    """
    listed = await client.get(path(*DEFINITIONS))
    added = {(one.api_version, one.plural) for each in listed["items"] if (one := custom(each))}
    versions = ["v1"]
    versions += [group["preferredVersion"]["groupVersion"] for group in (await client.get("/apis"))["groups"]]
    found = []
    for version in versions:
        answer = await client.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
        for resource in answer["resources"]:
            if "/" not in resource["name"] and {"list", "watch", "delete"} <= set(resource["verbs"]):
                found.append(Resource(version, resource["kind"], resource["name"], resource["namespaced"]))
    return [one for one in found if (one.api_version, one.plural) not in added]
