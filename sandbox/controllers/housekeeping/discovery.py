"""What kinds the API serves, for the controllers that care about all of them."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.base.client import Client


@dataclass(frozen=True)
class Resource:
    """One collection of the API that can be listed, watched and deleted from."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


async def discover(client: Client) -> list[Resource]:
    """All such resources, each group in its preferred version. ApiError when the API does not answer."""
    versions = ["v1"]
    versions += [group["preferredVersion"]["groupVersion"] for group in (await client.get("/apis"))["groups"]]
    found = []
    for version in versions:
        answer = await client.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
        for resource in answer["resources"]:
            if "/" not in resource["name"] and {"list", "watch", "delete"} <= set(resource["verbs"]):
                found.append(Resource(version, resource["kind"], resource["name"], resource["namespaced"]))
    return found
