"""What a registry says of an image: there, not there, not allowed, no answer; and by which login."""

from __future__ import annotations

import base64
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.redaction import redact
from toolkit.images.registries import asking, credentials
from toolkit.images.registries.asking import Said

from tests.local_registry import PASSWORD, TOKEN, USER, serving

HELPER = """#!{python}
import json, os, sys
assert sys.argv[1:] == ["get"], sys.argv
asked = sys.stdin.read().strip()
if os.environ.get("HELPER") == "absent":
    sys.exit("credentials not found in native keychain")
if os.environ.get("HELPER") == "ill":
    sys.exit("no AWS credentials: " + asked)
user = "<token>" if os.environ.get("HELPER") == "token" else "ada"
print(json.dumps({{"ServerURL": asked, "Username": user, "Secret": "{password}"}}))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Logins are those of the test; its helper is docker-credential-tiny."""
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "HELPER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "bin" / "docker-credential-tiny"
    program.parent.mkdir()
    program.write_text(HELPER.format(python=sys.executable, password=PASSWORD))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return tmp_path


def login(home: Path, document: dict[str, Any], name: str = ".docker/config.json") -> None:
    file = home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))


def entry(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_an_image_that_is_there_has_the_digest_that_its_tag_leads_to() -> None:
    with serving() as registry:
        digest = registry.put("team/app", "v1")
        assert asking.ask(f"{registry.host}/team/app:v1") == (Said.THERE, digest, "")
        assert asking.ask(f"{registry.host}/team/app@{digest}").digest == digest


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *((404, Said.ABSENT), (401, Said.FORBIDDEN), (403, Said.FORBIDDEN), (429, Said.SILENT)),
        (503, Said.SILENT),
    ],
)
def test_not_there_not_allowed_and_no_answer_are_told_apart(status: int, said: Said) -> None:
    with serving() as registry:
        registry.status = status
        answer = asking.ask(f"{registry.host}/team/app:v1")
    assert answer.said is said and registry.host in answer.why
    assert ("no login for it was found" in answer.why) is (said is Said.FORBIDDEN)


def test_a_registry_that_stumbles_once_is_asked_again() -> None:
    with serving() as registry:
        registry.put("team/app", "v1")
        registry.stumbles = 1
        assert asking.ask(f"{registry.host}/team/app:v1").said is Said.THERE


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = asking.ask(f"{host}/team/app:v1")
    assert answer.said is Said.SILENT
    assert f"{host} does not answer: " in answer.why and "refused" in answer.why


def test_what_is_no_name_is_not_asked_for() -> None:
    assert asking.ask("https://ghcr.io/x").said is Said.ABSENT


@pytest.mark.parametrize("kind", ["basic", "bearer"])
@pytest.mark.parametrize(
    "name", [".docker/config.json", ".config/containers/auth.json", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]
)
def test_what_a_login_left_is_used(kind: str, name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(kind) as registry:
        digest = registry.put("team/app", "v1")
        assert asking.ask(f"{registry.host}/team/app:v1").said is Said.FORBIDDEN
        files = {"DOCKER_CONFIG": "elsewhere/config.json", "REGISTRY_AUTH_FILE": "elsewhere/auth.json"}
        if name in files:
            file = home / files[name]
            monkeypatch.setenv(name, str(file if name == "REGISTRY_AUTH_FILE" else file.parent))
        login(home, {"auths": {registry.host: entry()}}, files.get(name, name))
        assert asking.ask(f"{registry.host}/team/app:v1") == (Said.THERE, digest, "")
    assert PASSWORD not in redact(PASSWORD)
    assert kind == "basic" or TOKEN not in redact(TOKEN)


def test_a_wrong_password_is_not_allowed_and_is_not_shown(home: Path) -> None:
    with serving("bearer") as registry:
        login(home, {"auths": {registry.host: entry(password="wrong-4711-secret")}})
        answer = asking.ask(f"{registry.host}/team/app:v1")
    assert answer.said is Said.FORBIDDEN and "wrong-4711-secret" not in answer.why
    assert "no login" not in answer.why


@pytest.mark.parametrize("where", ["credHelpers", "credsStore"])
@pytest.mark.parametrize("helper", ["", "token"])
def test_a_credential_helper_is_asked(
    where: str, helper: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPER", helper)
    with serving("bearer") as registry:
        digest = registry.put("team/app", "v1")
        said = {registry.host: "tiny"} if where == "credHelpers" else "tiny"
        login(home, {where: said})
        assert asking.ask(f"{registry.host}/team/app:v1") == (Said.THERE, digest, "")


@pytest.mark.parametrize(
    ("helper", "program", "why"),
    [
        ("absent", "tiny", "no login for it was found"),
        ("ill", "tiny", "docker-credential-tiny gave no credentials: no AWS credentials"),
        ("", "none", "docker-credential-none: no such program"),
    ],
)
def test_a_helper_that_gives_nothing_is_told(
    helper: str, program: str, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPER", helper)
    with serving("basic") as registry:
        login(home, {"credHelpers": {registry.host: program}})
        answer = asking.ask(f"{registry.host}/team/app:v1")
    assert answer.said is Said.FORBIDDEN and why in answer.why


def test_the_login_that_says_most_of_the_name_is_the_one(home: Path) -> None:
    auths = {"ghcr.io": entry("all"), "ghcr.io/team": entry("team"), "ghcr.io/team/app": entry("app")}
    login(home, {"auths": auths}, ".config/containers/auth.json")
    users = [credentials.login("ghcr.io", path).user for path in ("team/app", "team/other", "else/x")]
    assert users == ["app", "team", "all"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"auths": 1}', '{"auths": {"127.0.0.1": {"auth": "%%"}}}'])
def test_a_damaged_file_is_no_login(text: str, home: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(text)
    assert credentials.login("127.0.0.1", "x").password is None


def test_a_password_goes_to_no_realm_without_tls(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry could name any address as the one that gives tokens."""
    asked: list[str] = []
    with serving("bearer") as registry:
        login(home, {"auths": {registry.host: entry()}})
        registry.realm = "http://evil.example/token"
        monkeypatch.setattr(asking._Question, "_token", lambda *_: asked.append("asked"))
        assert asking.ask(f"{registry.host}/team/app:v1").said is Said.FORBIDDEN
    assert asked == []
