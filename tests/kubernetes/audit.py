"""The node's audit log: what an account asked of the API server, and which of it was refused. Pure.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.cluster.access.rights import RBAC
from toolkit.cluster.access.rules import Deed

Json = dict[str, Any]
FORBIDDEN = 403


def lines(log: Path) -> Iterator[str]:
    """Of a log and those that it was before; the oldest first."""
    for file in [*sorted(log.parent.glob(f"{log.stem}-*{log.suffix}")), log]:
        with file.open(encoding="utf-8", errors="replace") as text:
            yield from text


def of_account(found: Iterable[str], account: str, namespaces: Collection[str]) -> list[Json]:
    """What the accounts of this name in these namespaces asked for; a line that is not whole yet is left."""
    users = {f"system:serviceaccount:{namespace}:{account}" for namespace in namespaces}
    events: list[Json] = []
    for line in found:
        if not any(user in line for user in users) or not line.endswith("\n"):
            continue
        event = json.loads(line)
        if event["user"]["username"] in users and event["stage"] != "ResponseStarted":
            events.append(event)
    return events


def deed(event: Json) -> Deed:
    """What was asked for; its namespace aside."""
    about = event.get("objectRef") or {}
    if "resource" not in about:
        return Deed(event["verb"], path=event["requestURI"].partition("?")[0])
    resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
    return Deed(event["verb"], about.get("apiGroup", ""), resource, about.get("name", ""))


def home(event: Json) -> str:
    """The namespace that it was about; "" for none."""
    return str((event.get("objectRef") or {}).get("namespace", ""))


def refused(events: Iterable[Json]) -> list[str]:
    """What an account lacked leave for, each once: verb, resource, name, namespace.

    Admission answers with 403 too (a quota, a ServiceAccount that is not there yet), and so do apps by a
    proxy: that is no matter of a Role. Who grants more than they have is let in by theirs, and refused later.
    """
    found = {(*deed(event), home(event)) for event in events if _is_refused(event)}
    return sorted(" ".join(filter(None, words)) for words in found)


def _is_refused(event: Json) -> bool:
    if (event.get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid":
        return True
    is_grant = deed(event).group == RBAC
    return is_grant and (event.get("responseStatus") or {}).get("code") == FORBIDDEN
