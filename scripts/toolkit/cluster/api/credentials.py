"""A cluster's address and credential, from a kubeconfig or from environment variables, as a connection pool.

One credential belongs to one namespace: `token = { env = "EKS_TOKEN_{NAMESPACE}" }` names one for each.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import logging
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
import yaml

from toolkit.base.outcome import Failed, Misused
from toolkit.base.tools import Secret
from toolkit.cluster.contexts.kubeconfigs import Chosen, choose, in_pod
from toolkit.objects.fields import text
from toolkit.settings.model import Cluster, Ref, Where
from toolkit.settings.sandbox import KUBECONFIG, is_sandbox, state_of

KUBECTLS = "KUBECONFIG"
DEFAULT = "~/.kube/config"


@dataclass(frozen=True)
class Credentials:
    """How to reach one namespace of a cluster.

    `holder` is what a person looks at when the credential is refused: a variable's name or a kubeconfig's
    path.
    `headers` go with every request: by them a user acts as another.
    `authorization` gives the value of the header for each request ("" for client certificates only): a
    credential plugin renews its token.
    """

    server: str
    holder: str
    pool: urllib3.PoolManager
    authorization: Callable[[], str]
    headers: tuple[tuple[str, str], ...] = ()


_LOADING = threading.Lock()


def _load_library() -> None:
    """Load the client, which costs half a second, one thread at a time.

    Its packages import each other. Two threads that begin at different ends of such a circle are let go on by
    Python with what is half loaded, and one of them fails: "cannot import name 'ApiClient'".
    """
    with _LOADING:
        for name in ("client.rest", "config.kube_config"):
            importlib.import_module(f"kubernetes.{name}")


def load(cluster: Cluster, where: Where | str, root: Path) -> Credentials:
    """The credentials for it. Raises Misused when something that names them is missing or unreadable."""
    where = Where.of(where)
    _load_library()
    if cluster.server is not None:
        return _from_variables(cluster, where)
    return _from_kubeconfig(cluster, where, root)


def kubeconfig_of(cluster: Cluster, where: Where, root: Path) -> tuple[tuple[Path, ...], str]:
    """The kubeconfig files, of which the first to say something wins, and how to name them to a person.

    A variable may hold several, as kubectl's does; KUBECONFIG unset means ~/.kube/config, as kubectl has it.
    Raises Misused when another variable is not set. A relative path is relative to the repository, in a
    variable to the current folder.
    """
    if isinstance(cluster.kubeconfig, Ref):
        variable = cluster.kubeconfig.name(where)
        value = os.environ.get(variable, "")
        if not value and variable == KUBECTLS:
            return (Path(DEFAULT).expanduser(),), f"{DEFAULT} ({variable} is not set)"
        if not value:
            raise Misused(f"cluster {cluster.name}: {variable} is not set; it names the kubeconfig")
        files = tuple(Path(each).expanduser() for each in value.split(os.pathsep) if each)
        return files, f"{value} (from {variable})"
    if is_sandbox(cluster):
        path = state_of(cluster, root) / KUBECONFIG
    else:
        path = Path(cluster.kubeconfig or f".sandbox/{KUBECONFIG}").expanduser()
    path = path if path.is_absolute() else root / path
    return (path,), str(path)


def chosen(cluster: Cluster, where: Where, root: Path) -> tuple[Chosen, str]:
    """What the kubeconfigs say of it, and how to name that to a person. Raises Misused when that is
    nothing; within a pod, and without any kubeconfig, it is what the pod itself has."""
    files, named = kubeconfig_of(cluster, where, root)
    absent = isinstance(cluster.kubeconfig, Ref) and not any(file.exists() for file in files)
    if absent and (found := in_pod(os.environ)):
        return found, f"this pod's service account, namespace {found.namespace}"
    try:
        read = choose(files, named, _context(cluster, where))
    except Misused as error:
        raise Misused(f"cluster {cluster.name}: {error.reason}", remedy=error.remedy) from None
    return read, f"kubeconfig {named}, context {read.context}, namespace {read.namespace}"


def _from_kubeconfig(cluster: Cluster, where: Where, root: Path) -> Credentials:
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import load_kube_config_from_dict

    found, holder = chosen(cluster, where, root)
    configuration = Configuration()
    try:
        with _logged() as said:
            load_kube_config_from_dict(
                found.document, client_configuration=configuration, persist_config=False
            )
    except (
        ConfigException,
        yaml.YAMLError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Misused(f"cluster {cluster.name}: the {holder} cannot be used: {line}") from error
    plugin = text(found.document, "users", 0, "user", "exec", "command")
    if plugin and not configuration.api_key and not configuration.cert_file:
        raise Failed(
            f"cluster {cluster.name}: the credential plugin {Path(plugin).name} of the {holder} gave nothing",
            remedy=f"does `{plugin}` work by itself? The kubeconfig says how it is started",
            evidence=said,
        )
    return _credentials(cluster, configuration, holder, found.impersonation)


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What the client logs while it lasts, instead of printing it: the words of a credential plugin."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.extend(record.getMessage().splitlines())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(handler)


def _context(cluster: Cluster, where: Where) -> str | None:
    if not isinstance(cluster.context, Ref):
        return cluster.context
    return cluster.context.text(where) or None


def _from_variables(cluster: Cluster, where: Where) -> Credentials:
    from kubernetes.client.configuration import Configuration

    server = _set(cluster, cluster.server, where).text(where).strip()
    token = Secret(_set(cluster, cluster.token, where).text(where))
    configuration = Configuration(host=server if "://" in server else f"https://{server}")
    if cluster.certificate is not None:
        holder = cluster.certificate.name(where)
        certificate = Secret(_set(cluster, cluster.certificate, where).text(where))
        configuration.ca_cert_data = _pem(certificate, holder)
    configuration.api_key["BearerToken"] = f"Bearer {plain_token(token.reveal())}"
    holder = cluster.token.name(where) if cluster.token else "the token"
    return _credentials(cluster, configuration, holder)


def _credentials(
    cluster: Cluster, configuration: Any, holder: str, headers: tuple[tuple[str, str], ...] = ()
) -> Credentials:
    from kubernetes.client.rest import RESTClientObject

    configuration.keep_alive = True  # a watch through a dead NAT must not look alive for ever
    configuration.retries = False
    configuration.connection_pool_maxsize = 50

    if is_loopback(configuration.host):
        configuration.proxy = None  # as Go's clients have it: a proxy cannot reach this machine's loopback
    known: set[str] = set()

    def authorization() -> str:
        value = configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        scheme, _, credential = value.rpartition(" ")
        if credential not in known:
            known.add(credential)
            Secret(credential)  # from now on it is masked wherever it would be printed
        return value if scheme or not value else f"Bearer {value}"

    try:
        pool = RESTClientObject(configuration).pool_manager
        authorization()
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise Failed(f"cluster {cluster.name}: its certificate or key cannot be read: {error}") from error
    return Credentials(configuration.host.rstrip("/"), holder, pool, authorization, headers)


def is_loopback(server: str) -> bool:
    """Whether an address is of this very machine."""
    host = urlsplit(server).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _set(cluster: Cluster, ref: Ref | None, where: Where) -> Ref:
    """The reference, which names a variable that is set. Raises Misused otherwise."""
    if ref is None:
        raise Misused(
            f"cluster {cluster.name}: apps.toml names no server and token for it",
            remedy=f"set clusters.{cluster.name}.server, .certificate and .token, or .kubeconfig",
        )
    if not ref.text(where):
        raise Misused(
            f"cluster {cluster.name}: the environment variable {ref.name(where)} is not set",
            remedy=f"set it; make doctor CLUSTER={cluster.name} lists all that are needed",
        )
    return ref


def plain_token(value: str) -> str:
    """A bearer token, given as it is or in base64 (as `kubectl get secret -o yaml` prints it).

    A JWT holds dots, which base64 has not. What decodes to bytes that no header may hold was plain already.
    """
    value = "".join(value.split())
    if "." in value:
        return value
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii").strip()
    except (binascii.Error, ValueError):
        return value
    return decoded if decoded and all("!" <= char <= "~" for char in decoded) else value


def _pem(value: Secret, holder: str) -> str:
    """The CA as PEM, from PEM or base64 of it."""
    content = value.reveal().strip()
    if "-----BEGIN" not in content:
        try:
            content = base64.b64decode("".join(content.split()), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            content = ""
    try:
        ssl.create_default_context(cadata=content or "nothing")
    except (ssl.SSLError, ValueError):
        raise Misused(f"{holder} holds no certificate", remedy="it must be PEM, or base64 of PEM") from None
    return content
