"""The runner against doubles of datastore, filestore and submitter that keep to the contract."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import pytest
from fb_platform.forms import Form, parse
from fb_testing.doubles import others, running_others
from fb_testing.keyed import NAMESPACE, SUBMISSION_KEY, keys
from fb_testing.person import HttpPerson
from fb_testing.servers import serving
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from runner import api
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["keys", "others", "running_others"]  # fixtures

DEPLOY = Path(__file__).parents[2] / "deploy"
SECRET = "a secret of the service's own"


def templates() -> jinja2.Environment:
    """The templates of deploy/, as the pipeline renders them: YAML, not HTML."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(DEPLOY), autoescape=False)  # noqa: S701


def canary(environment: str) -> dict[str, Any]:
    """The canary's form as this release deploys it."""
    module = templates().get_template("form.jinja").make_module({"environment": environment})
    found: dict[str, Any] = module.canary  # type: ignore[attr-defined]
    return found


@dataclass
class Others:
    """`away`: who answers 503; `refuses`: the filestore's error; `hold`: how long the submitter takes."""

    public: str
    url: str = ""
    entries: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    refuses: str = ""
    hold: float = 0
    garbled: bool = False

    def reset(self) -> None:
        for each in (self.entries, self.files, self.submissions, self.away):
            each.clear()
        self.refuses, self.hold, self.garbled = "", 0, False

    def app(self) -> Starlette:
        Handler = Callable[[Request], Any]

        def guarded(name: str, handler: Handler) -> Handler:
            async def handle(request: Request) -> Response:
                if name in self.away or f"{name} {request.method}" in self.away:
                    return JSONResponse({"message": "away"}, 503)
                token, key = request.headers["x-access-token-v2"], RSAKey.import_key(self.public)
                try:
                    claims = jwt.decode(token, key, algorithms=["RS256"]).claims
                except JoseError:
                    return JSONResponse({"message": "not signed by whom it names"}, 403)
                user = request.path_params.get("user", claims["sub"])
                if (claims["iss"], claims["sub"], claims["namespace"]) != ("pipeline-check", user, NAMESPACE):
                    return JSONResponse({"message": "no"}, 403)
                if self.garbled:
                    return JSONResponse({"unexpected": True}, 200)
                answer: Response = await handler(request)
                return answer

            return handle

        async def datastore(request: Request) -> Response:
            user = request.path_params["user"]
            if request.method == "GET":
                if user not in self.entries:
                    return JSONResponse({}, 404)
                return JSONResponse({"payload": self.entries[user]})
            if request.method == "DELETE":
                self.entries.pop(user, None)
                return Response(status_code=204)
            payload = (await request.json())["payload"]
            is_new = user not in self.entries
            self.entries[user] = payload
            return JSONResponse({}, 201 if is_new else 200)

        async def filestore(request: Request) -> Response:
            body = await request.json()
            if self.refuses:
                return JSONResponse({"code": 400, "name": self.refuses}, 400)
            content = base64.b64decode(body["file"])
            assert body["encrypted_user_id_and_token"], "says whose it is"
            if len(content) > body["policy"]["max_size"]:
                return JSONResponse({"code": 400, "name": "invalid.too-large"}, 400)
            fingerprint = "28d-" + hashlib.sha256(content).hexdigest()
            self.files[request.path_params["user"], fingerprint] = content
            kind = "image/png" if content.startswith(b"\x89PNG") else "text/plain"
            return JSONResponse(
                {"fingerprint": fingerprint, "size": len(content), "type": kind, "date": 2_000_000_000}, 201
            )

        async def file(request: Request) -> Response:
            self.files.pop((request.path_params["user"], request.path_params["fingerprint"]), None)
            return Response(status_code=204)

        async def submitter(request: Request) -> Response:
            body = await request.json()
            await asyncio.sleep(self.hold)
            self.submissions.append({**body, "user": None, "document": opened(body["encrypted_submission"])})
            return JSONResponse({}, 201)

        entry, upload = "/data/service/{slug}/user/{user}", "/files/service/{slug}/user/{user}"
        return Starlette(
            routes=[
                Route(entry, guarded("datastore", datastore), methods=["GET", "POST", "DELETE"]),
                Route(upload, guarded("filestore", filestore), methods=["POST"]),
                Route(upload + "/{fingerprint}", guarded("filestore", file), methods=["DELETE"]),
                Route("/v2/submissions", guarded("submitter", submitter), methods=["POST"]),
            ]
        )


def opened(encrypted: str) -> dict[str, Any]:
    """What the submitter decrypts: AES-256-CTR by another hand than the one that encrypted."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(SUBMISSION_KEY.encode()), modes.CTR(SUBMISSION_KEY[:16].encode()))
    found: dict[str, Any] = json.loads(cipher.decryptor().update(base64.b64decode(encrypted)))
    return found


@pytest.fixture(scope="session")
def double(keys: tuple[str, str]) -> Others:
    return Others(keys[1])


@pytest.fixture
def environment(others: Others, keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The settings of a runner of the canary form."""
    for name, value in {
        "SERVICE_METADATA": json.dumps(canary("test")),
        "SERVICE_NAMESPACE": NAMESPACE,
        "ENCODED_PRIVATE_KEY": base64.b64encode(keys[0].encode()).decode(),
        "SUBMISSION_ENCRYPTION_KEY": SUBMISSION_KEY,
        "SERVICE_SECRET": SECRET,
        "SUBMITTER_URL": others.url,
        "USER_DATASTORE_URL": f"{others.url}/data",
        "USER_FILESTORE_URL": f"{others.url}/files",
        "WEBHOOK_ROOT_URL": "http://hooks.example",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def url(environment: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(api.build()) as address:
        yield address


@pytest.fixture
def person(url: str) -> Iterator[HttpPerson]:
    found = HttpPerson(url)
    yield found
    found.close()


@pytest.fixture(scope="session")
def form() -> Form:
    return parse(msgspec.json.encode(canary("test")))
