"""Asks a registry for an image, over HTTP as every client does, whatever builds and runs it.

API: https://github.com/opencontainers/distribution-spec/blob/main/spec.md, tokens:
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import urllib.parse
import urllib.request
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import urllib3

from toolkit.base.redaction import Secret
from toolkit.images.registries import credentials
from toolkit.images.registries.credentials import Login
from toolkit.images.registries.reference import HUB, Reference, is_loopback, parse

CONNECT_SECONDS, READ_SECONDS = 10.0, 20.0
TRIES = 2
_AGAIN = (429, 500, 502, 503, 504)
_CERTIFICATES = ("/etc/docker/certs.d", "/etc/containers/certs.d")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFESTS = ", ".join(
    f"application/vnd.{each}+json"
    for each in (
        *("oci.image.index.v1", "docker.distribution.manifest.list.v2"),
        *("oci.image.manifest.v1", "docker.distribution.manifest.v2"),
    )
)


class Said(Enum):
    """What became of a question."""

    THERE = "is there"
    ABSENT = "is not there"
    FORBIDDEN = "may not be asked for"
    SILENT = "nobody answered"


class Answer(NamedTuple):
    """What a registry says of an image; why is a clause where it is not there."""

    said: Said
    digest: str = ""
    why: str = ""


def ask(text: str) -> Answer:
    """What is known of the image of that name, by the login that this machine has."""
    reference = parse(text)
    if reference is None:
        return Answer(Said.ABSENT, why="it is not the name of an image")
    question = _Question(reference)
    try:
        return question.answer()
    except urllib3.exceptions.HTTPError as error:
        return Answer(Said.SILENT, why=f"{reference.host} does not answer: {_cause(error)}")
    finally:
        question.http.clear()


class _Question:
    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.scheme = "http" if is_loopback(reference.host) else "https"
        self.http = _pool(self.scheme, reference.host)
        host = "registry-1.docker.io" if reference.host == HUB else reference.host
        self.url = f"{self.scheme}://{host}/v2/{reference.path}/manifests/{reference.wanted}"
        self.login = Login()

    def answer(self) -> Answer:
        response = self._get("")
        if response.status == 401:
            self.login = credentials.login(self.reference.host, self.reference.path)
            if allowed := self._allowed(response.headers.get("WWW-Authenticate", "")):
                response = self._get(allowed)
        return self._read(response)

    def _read(self, response: urllib3.BaseHTTPResponse) -> Answer:
        status, host = response.status, self.reference.host
        if status == 200:
            digest = response.headers.get("Docker-Content-Digest", "") or self._by_content(response)
            if not _DIGEST.fullmatch(digest):
                return Answer(Said.SILENT, why=f"{host} does not say which digest it has")
            return Answer(Said.THERE, digest)
        if status == 404:
            return Answer(Said.ABSENT, why=f"{host} does not know it")
        if status in (401, 403):
            why = f"{host} does not let this machine ask for it ({status})"
            login = self.login.trouble or ("" if self.login.password else "no login for it was found")
            return Answer(Said.FORBIDDEN, why=f"{why}: {login}" if login else why)
        return Answer(Said.SILENT, why=f"{host} answers {status}")

    @staticmethod
    def _by_content(response: urllib3.BaseHTTPResponse) -> str:
        return f"sha256:{hashlib.sha256(response.data).hexdigest()}" if response.data else ""

    def _get(self, authorization: str) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": _MANIFESTS}
        if authorization:
            headers["Authorization"] = authorization
        return self.http.request("GET", self.url, headers=headers)

    def _allowed(self, challenge: str) -> str:
        """What the registry wants to hear, by its challenge; "" where this machine has nothing to say."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() != "bearer":
            return self.login.basic
        told = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        realm = urllib.parse.urlsplit(told.get("realm", ""))
        if realm.scheme != "https" and not (realm.scheme == "http" and is_loopback(realm.netloc)):
            return ""  # a password goes to nobody who would have it read on the way
        scope = told.get("scope") or f"repository:{self.reference.path}:pull"
        asked = {"scope": scope, **({"service": told["service"]} if "service" in told else {})}
        response = self._token(realm, asked)
        try:
            document = json.loads(response.data) if response.status == 200 else {}
            token = str(document.get("token") or document.get("access_token") or "")
        except (ValueError, AttributeError):
            token = ""
        if not token:
            return ""
        Secret(token)
        return f"Bearer {token}"

    def _token(self, realm: urllib.parse.SplitResult, asked: dict[str, str]) -> urllib3.BaseHTTPResponse:
        pool = _pool(realm.scheme, realm.netloc)
        try:
            if self.login.is_token and self.login.password:
                fields = {
                    **asked,
                    "grant_type": "refresh_token",
                    "client_id": "form-builder-pipeline",
                    "refresh_token": self.login.password.reveal(),
                }
                body = urllib.parse.urlencode(fields)
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                return pool.request("POST", realm.geturl(), body=body, headers=form)
            given = {"Authorization": self.login.basic} if self.login.basic else {}
            query = "&".join(filter(None, (realm.query, urllib.parse.urlencode(asked))))
            return pool.request("GET", realm._replace(query=query).geturl(), headers=given)
        finally:
            pool.clear()


def _pool(scheme: str, host: str) -> urllib3.PoolManager:
    """Connections to a host: through the proxy of the environment, by this machine's authorities, and those
    that engines are told of for this registry."""
    retries = urllib3.Retry(
        TRIES, redirect=3, status_forcelist=_AGAIN, backoff_factor=0.2, raise_on_status=False,
        respect_retry_after_header=False, allowed_methods=None,
    )  # fmt: skip
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    context = ssl.create_default_context()
    for folder in _CERTIFICATES:
        for file in sorted(Path(folder, host).glob("*.crt")):
            context.load_verify_locations(file)
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not urllib.request.proxy_bypass(host.rpartition(":")[0] or host):
        return urllib3.ProxyManager(proxy, retries=retries, timeout=timeout, ssl_context=context)
    return urllib3.PoolManager(retries=retries, timeout=timeout, ssl_context=context)


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    """What is at the bottom of it, in the words of what failed."""
    reason = getattr(error, "reason", None) or error
    said = str(reason)
    return said.partition(": ")[2] or said if said.startswith("<") else said
