"""scripts/security.py asks about every pin by itself, and is loud where it cannot."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.tiny_app import Done, Repository, repository

CLOSED = "http://127.0.0.1:9"
LIMIT = '\n[environments.production]\nspaces = ["live"]\nbranches = ["main"]\nadvisories_fail_after = "7d"\n'


class Server:
    """A package registry and an OSV server in one: what is known of each pin, and every request."""

    def __init__(self) -> None:
        self.registry: dict[str, list[dict[str, Any]]] = {}
        self.osv: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self.broken = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                parts = self.path.strip("/").split("/")
                if self.path.startswith("/v1/vulns/"):
                    return self.answer({"id": parts[-1], "summary": "made up", "aliases": ["CVE-2999-2"]})
                pin = "==".join(parts[1:3])
                found = outer.registry.get(pin)
                return self.answer(None if found is None else {"vulnerabilities": found})

            def do_POST(self) -> None:
                outer.requests.append(self.path)
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
                pins = [f"{each['package']['name']}=={each['version']}" for each in asked]
                vulns = [[{"id": each} for each in outer.osv.get(pin, [])] for pin in pins]
                self.answer({"results": [{"vulns": each} if each else {} for each in vulns]})

            def answer(self, document: Any) -> None:
                self.send_response(503 if outer.broken else 200 if document is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever)
    thread.start()
    yield made
    made.http.shutdown()
    thread.join(10)
    made.http.server_close()


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = repository(tmp_path)
    made.write("requirements.txt", "h11==0.16.0\nidna==3.20\n")
    return made


def security(repo: Repository, url: str, **more: str) -> Done:
    env = {"ADVISORIES": "auto", "ADVISORIES_URL": CLOSED, "OSV_URL": url, "PIP_INDEX_URL": f"{url}/simple/"}
    env |= {"NO_PROXY": "127.0.0.1", "PIP_CONFIG_FILE": os.devnull, "BRANCH": "main"}
    return repo.run("security", env=env | more)


def append(repo: Repository, text: str) -> None:
    with (repo.root / "apps.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_every_pin_is_asked_about_without_being_told_to(repo: Repository, server: Server) -> None:
    server.registry = {"h11==0.16.0": [], "idna==3.20": []}
    done = security(repo, server.url)
    assert done.code == 0, done.output
    assert "2 of 2 pins answered for by package registry, of " in done.output
    assert "(0 days old)" in done.output
    assert "WARNING: the advisories" not in done.output
    asked = len(server.requests)
    assert security(repo, server.url).code == 0
    assert len(server.requests) == asked, "an answer counts for a day"


def test_what_the_registry_knows_is_a_finding(repo: Repository, server: Server) -> None:
    bad = {"id": "PYSEC-7", "details": "bad", "aliases": ["CVE-2999-1"]}
    server.registry = {"h11==0.16.0": [bad], "idna==3.20": []}
    done = security(repo, server.url)
    assert done.code == 1, done.output
    assert "requirements.txt:1: PYSEC-7 CVE-2999-1 h11 0.16.0" in done.output


def test_pins_that_nobody_answers_for_are_named(repo: Repository, server: Server) -> None:
    server.registry = {"h11==0.16.0": []}
    done = security(repo, server.url)
    assert done.code == 0, done.output
    assert "WARNING: nobody answers for 1 pins: idna 3.20" in done.output
    assert "days old) for 1 of 2 pins, that nobody answers for" in done.output, "h11 was answered for today"
    assert "WARNING: the advisories are" in done.output, "of idna nothing is known since 2021"


def test_osv_is_asked_where_apps_toml_says_so(repo: Repository, server: Server) -> None:
    append(repo, '\n[security]\nask = ["registry", "osv"]\n')
    server.registry = {"h11==0.16.0": []}
    server.osv = {"idna==3.20": ["GHSA-9"]}
    done = security(repo, server.url)
    assert done.code == 1, done.output
    assert "2 of 2 pins answered for by OSV and package registry" in done.output
    assert "requirements.txt:2: GHSA-9 CVE-2999-2 idna 3.20" in done.output


@pytest.mark.parametrize("broken", [True, False])
def test_without_a_network_it_is_said_loudly(repo: Repository, server: Server, broken: bool) -> None:
    server.broken = broken
    done = security(repo, server.url if broken else CLOSED)
    assert done.code == 0, done.output
    assert "WARNING: package registry " in done.output
    assert "what was found lately is not known" in done.output
    assert "WARNING: nobody answers for 2 pins: h11 0.16.0, idna 3.20" in done.output
    assert "WARNING: the advisories are" in done.output
    assert "by advisories of 2021-07-01 (" in done.output, "the verdict says of which day, too"


def test_advisories_that_are_too_old_stop_what_may_go_to_production(repo: Repository, server: Server) -> None:
    append(repo, LIMIT)
    done = security(repo, CLOSED)
    assert done.code == 1, done.output
    assert "more than environments.production.advisories_fail_after in apps.toml allows" in done.output
    assert '["registry", "osv"]' in done.output
    assert security(repo, CLOSED, BRANCH="feature").code == 0, "this one stops in test"
    server.registry = {"h11==0.16.0": [], "idna==3.20": []}
    assert security(repo, server.url).code == 0


def test_the_embedded_sandbox_is_no_production(repo: Repository) -> None:
    file = repo.root / "apps.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("[clusters.sandbox]\n", "[clusters.sandbox]\nprovision = true\n")
    file.write_text(text + LIMIT, encoding="utf-8")
    assert security(repo, CLOSED).code == 0


def test_somebody_to_ask_who_does_not_exist_is_misuse(repo: Repository) -> None:
    append(repo, '\n[security]\nask = ["regstry"]\n')
    done = security(repo, CLOSED)
    assert done.code == 2, done.output
    assert '"regstry" is not one of registry, osv, did you mean "registry"?' in done.output


def test_make_advisories_keeps_the_answers_in_the_repository(repo: Repository, server: Server) -> None:
    bad = {"id": "PYSEC-7", "details": "bad", "aliases": []}
    server.registry = {"h11==0.16.0": [bad], "idna==3.20": []}
    env = {"PIP_INDEX_URL": f"{server.url}/simple/", "NO_PROXY": "127.0.0.1", "PIP_CONFIG_FILE": os.devnull}
    done = repo.run("advisories", "", env=env)
    assert done.code == 0, done.output
    assert "vulnerable: h11 0.16.0" in done.output
    assert "2 of 2 pins are answered for, 1 have advisories; kept in advisories/registry.json" in done.output
    found = repo.run("security")  # without a network
    assert found.code == 1, found.output
    assert "PYSEC-7 h11 0.16.0" in found.output
    assert "(0 days old)" in found.output
    assert "WARNING: the advisories are" not in found.output, "all pins were asked about today"


def test_make_advisories_that_hears_nothing_says_what_else_to_ask(repo: Repository, server: Server) -> None:
    env = {"PIP_INDEX_URL": f"{server.url}/simple/", "NO_PROXY": "127.0.0.1", "PIP_CONFIG_FILE": os.devnull}
    done = repo.run("advisories", "", env=env)
    assert done.code == 1, done.output
    assert "nobody told anything about any of 2 pins" in done.output
    assert 'ask = ["registry", "osv"]' in done.output
