"""kubeconfig files, read as kubectl reads them: merged, one context taken out, every path made absolute.

The rules are client-go's (tools/clientcmd/loader.go, client_config.go); the tests hold them against kubectl.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import yaml

from toolkit.base.outcome import Misused
from toolkit.objects.fields import mapping, text

DEFAULT_NAMESPACE = "default"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""What a pod has: kubectl in one needs no kubeconfig."""

_PATHS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}
# What makes an address without a scheme one of https.
_TLS = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify")
_ENTRY = {"clusters": "cluster", "users": "user", "contexts": "context"}


class Chosen(NamedTuple):
    """One context and all that belongs to it. `document` is a kubeconfig of nothing else, its paths absolute;
    `impersonation` are the headers by which its user acts as another."""

    context: str
    namespace: str
    document: dict[str, Any]
    impersonation: tuple[tuple[str, str], ...] = ()


def choose(files: Sequence[Path], named: str, context: str | None = None) -> Chosen:
    """The context of that name, else the current one, of kubeconfigs: the first to say something wins.

    Files that do not exist are passed over. Raises Misused, with `named` for where they were looked for, when
    there is none, one cannot be read, or the context and what it names are not there.
    """
    merged = _merged(files, named)
    wanted = context or merged["current-context"]
    if not wanted:
        known = ", ".join(merged["contexts"]) or "none"
        raise Misused(f"{named} names no current-context", remedy=f"contexts in it: {known}")
    if wanted not in merged["contexts"]:
        known = ", ".join(merged["contexts"]) or "none"
        raise Misused(f"{named} has no context {wanted}", remedy=f"contexts in it: {known}")
    found = merged["contexts"][wanted]
    cluster = _of(merged, "clusters", text(found, "cluster"), f"{named}, context {wanted}")
    user = (
        _of(merged, "users", text(found, "user"), f"{named}, context {wanted}") if found.get("user") else {}
    )
    return _chosen(wanted, text(found, "namespace"), cluster, user)


def in_pod(environ: Mapping[str, str]) -> Chosen | None:
    """What a pod may reach its own cluster with; None outside of pods."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (SERVICE_ACCOUNT / "token").is_file():
        return None
    space = SERVICE_ACCOUNT / "namespace"
    namespace = space.read_text(encoding="utf-8").strip() if space.is_file() else ""
    host = f"[{host}]" if ":" in host else host
    cluster = {"server": f"https://{host}:{port}", "certificate-authority": str(SERVICE_ACCOUNT / "ca.crt")}
    return _chosen("in-cluster", namespace, cluster, {"tokenFile": str(SERVICE_ACCOUNT / "token")})


def _merged(files: Sequence[Path], named: str) -> dict[str, Any]:
    merged: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}
    there = [file for file in dict.fromkeys(files) if file.exists()]
    if not there:
        raise Misused(f"there is no kubeconfig at {named}")
    for file in there:
        document = _read(file)
        for kind, entry in _ENTRY.items():
            for row in document.get(kind) or []:
                if not isinstance(row, dict) or not isinstance(row.get("name"), str):
                    raise _unusable(file, f"{kind} must be a list of entries with names")
                inner = row.get(entry) or {}
                if not isinstance(inner, dict):
                    raise _unusable(file, f"{kind}: {row['name']}: {entry} must be a table")
                merged[kind].setdefault(row["name"], _absolute(inner, _PATHS[kind], file))
        current = document.get("current-context")
        if current and not isinstance(current, str):
            raise _unusable(file, "current-context must be text")
        merged["current-context"] = merged["current-context"] or current or ""
    return merged


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise _unusable(file, said) from None
    if document is None:
        return {}  # an empty file says nothing, as kubectl has it
    if not isinstance(document, dict) or not all(
        isinstance(document.get(kind) or [], list) for kind in _ENTRY
    ):
        raise _unusable(file, "it is no kubeconfig")
    return document


def _unusable(file: Path, why: str) -> Misused:
    return Misused(f"the kubeconfig {file} cannot be used: {why}")


def _absolute(entry: dict[str, Any], paths: Sequence[str], file: Path) -> dict[str, Any]:
    """An entry without what is empty; its paths are relative to the file that it stands in."""
    folder = file.absolute().parent
    kept = {key: value for key, value in entry.items() if value not in ("", None)}
    for key in paths:
        if isinstance(kept.get(key), str):
            kept[key] = str(folder / kept[key])
    command = text(kept, "exec", "command")
    if "/" in command:
        kept["exec"] = {**mapping(kept, "exec"), "command": str(folder / command)}
    return kept


def _of(merged: Mapping[str, Any], kind: str, name: str, where: str) -> dict[str, Any]:
    found = merged[kind].get(name)
    if not isinstance(found, dict):
        raise Misused(f"{where}: there is no {_ENTRY[kind]} {name!r} in it")
    return found


def _chosen(context: str, namespace: str, cluster: dict[str, Any], user: dict[str, Any]) -> Chosen:
    server = text(cluster, "server")
    if not server:
        raise Misused(f"context {context}: its cluster has no server")
    if "://" not in server:
        secure = any(cluster.get(key) for key in _TLS)
        server = f"{'https' if secure else 'http'}://{server}"
    headers = _impersonation(user)
    # As kubectl has it: nobody's credential goes over a connection that anybody can read.
    user = _user(user) if server.startswith("https://") else {}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "cluster", "cluster": {**cluster, "server": server}}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "cluster", "user": "user"}}],
    }
    return Chosen(context, namespace or DEFAULT_NAMESPACE, document, headers)


def _user(user: dict[str, Any]) -> dict[str, Any]:
    """The user with the token that its file holds now, which counts more than one that stands beside it."""
    if not (file := text(user, "tokenFile")):
        return user
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        if user.get("token"):
            return user
        why = getattr(error, "strerror", None) or "it is no text"
        raise Misused(f"the token file {file} cannot be read: {why}") from None
    return {**{key: value for key, value in user.items() if key != "tokenFile"}, "token": token}


def _impersonation(user: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    headers = [("Impersonate-User", text(user, "as")), ("Impersonate-Uid", text(user, "as-uid"))]
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for key, values in (user.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{quote(str(key), safe='')}", str(value)) for value in values or []]
    return tuple((name, value) for name, value in headers if value)
