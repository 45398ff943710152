"""After the deployment: healthcheck, suites, gateway, releases, rollback."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import releases
from toolkit.suites import gateway

from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform, made_in

SUITES = """
[apps.tiny.suites.smoke]
path = "tests/smoke"
workers = 1
deadline = "30s"
env.URL = "{url}"
env.INTERNAL = "{internal:tiny}"
env.PROXY = "{proxy:tiny}"
env.SPACE = "{space}"
env.WORD = { secret = "word-{space}", key = "word" }
"""
SUITE = """
import os, urllib.request
def test_it_answers():
    assert urllib.request.urlopen(os.environ["URL"] + "/health").read() == b"ok"
def test_it_got_what_it_was_promised():
    assert os.environ["INTERNAL"].startswith("http://127.") and os.environ["INTERNAL"].endswith(":80")
    through = urllib.request.build_opener(urllib.request.ProxyHandler({"http": os.environ["PROXY"]}))
    name = "fb-tiny-{0}.ns-{0}".format(os.environ["SPACE"])
    assert through.open(f"http://{name}/health").read() == b"ok"
    assert os.environ["SPACE"] in ("ONE", "TWO")
    assert len(os.environ["WORD"]) == 16
    print("the word is", os.environ["WORD"])
def test_it_sees_no_secret_but_its_own():
    seen = {name for name, value in os.environ.items() if value.startswith("canary-for-")}
    assert seen <= {"PLAIN_WORD"}, seen
"""
FIXTURE = """
apiVersion: v1
kind: Secret
metadata: { name: "word-{{ space }}" }
stringData: { word: "{{ random_string(16) }}" }
"""


@pytest.fixture(scope="module")
def platform(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One repository for the module: its app is deployed by the first test that asks for `deployed`."""
    with made_in(sandbox, tmp_path_factory.mktemp("checks")) as made:
        made.configure(suites=SUITES)
        (made.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
        suite(made, SUITE)
        fixtures = made.folder / "tiny" / "deploy" / "provision"
        fixtures.mkdir()
        (fixtures / "word.yaml").write_text(FIXTURE)
        yield made


def suite(platform: Platform, text: str) -> None:
    folder = platform.folder / "tiny" / "tests" / "smoke"
    folder.mkdir(parents=True, exist_ok=True)
    text = text.replace("ONE", platform.one).replace("TWO", platform.two)
    (folder / "test_smoke.py").write_text(text)


@pytest.fixture
def deployed(platform: Platform) -> Platform:
    """The app, freshly deployed to the first space as it should be."""
    before = platform.template()
    platform.manifest(replicas=2)
    if not platform.is_fresh or platform.template() != before:
        ended = platform.deploy()
        assert ended.code == 0, ended.output
        platform.is_fresh = True
    return platform


def rows(platform: Platform, place: str = "") -> list[dict[str, Any]]:
    return platform.status("--env", place or platform.one)


def pods(sandbox: Sandbox, space: str) -> list[dict[str, Any]]:
    found = sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/pods")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


@pytest.mark.parametrize("script", ["healthcheck", "smoke", "watch", "rollback"])
def test_what_is_not_deployed_is_said_with_the_command_that_deploys_it(
    platform: Platform, script: str
) -> None:
    words = ["--for", "0s"] if script == "watch" else []
    ended = platform.run(script, "--app", "tiny", "--env", platform.three, "--cluster", "strict", *words)
    assert ended.code == 1, ended.output
    assert f"there is no namespace ns-{platform.three}" in ended.last
    ended = platform.run(script, "--app", "tiny", "--env", platform.three, *words)
    assert ended.code == 1, ended.output
    assert f"why: {platform.three}: tiny is not deployed in {platform.three}" in ended.last
    assert f"make deploy APP=tiny ENV={platform.three}" in ended.last


def test_healthcheck_asks_every_pod_and_the_service(deployed: Platform) -> None:
    ended = deployed.run("healthcheck", "--app", "tiny", "--env", deployed.one)
    assert ended.code == 0, ended.output
    assert "6 addresses healthy, 3 times in a row" in ended.last
    details = deployed.recorded()["stages"][0]["details"][deployed.one]
    assert len(details["latency_ms"]) == 6
    assert all(0 < row["p50"] <= row["p95"] <= row["max"] for row in details["latency_ms"].values())


def test_healthcheck_of_all_apps_passes_over_what_is_not_there(deployed: Platform) -> None:
    ended = deployed.run("healthcheck", "--env", deployed.one)
    assert ended.code == 0, ended.output


def test_healthcheck_fails_when_a_pod_does_not_run_what_was_deployed(
    deployed: Platform, sandbox: Sandbox, connection: Connection
) -> None:
    namespace = f"ns-{deployed.one}"
    path = f"/api/v1/namespaces/{namespace}/configmaps/fb-tiny-release"
    kept = sandbox.api("GET", path)
    found = json.loads(kept["data"]["releases.json"])
    found[0]["images"]["app"] = "sandbox/fb-tiny-app@sha256:" + "e" * 64
    patch = {"data": {"releases.json": json.dumps(found)}}
    sandbox.api("PATCH", path, patch, "application/merge-patch+json")
    ended = deployed.run("healthcheck", "--app", "tiny", "--env", deployed.one, "--within", "1")
    assert ended.code == 1, ended.output
    assert "not what was deployed" in ended.last
    sandbox.api("PATCH", path, {"data": kept["data"]}, "application/merge-patch+json")


def test_healthcheck_names_the_pod_that_is_not_ready(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest(env={"UNREADY_FILE": "app/unready"})
    platform.is_fresh = False
    assert platform.deploy().code == 0
    pod = eventually(lambda: pods(sandbox, platform.one))[0]
    url = f"http://{pod['status']['podIP']}:3000/file/app/unready"
    urllib.request.urlopen(url, b"x", timeout=60).close()
    ended = platform.run("healthcheck", "--app", "tiny", "--env", platform.one, "--within", "2")
    assert ended.code == 1, ended.output
    assert f"Pod/{pod['metadata']['name']}" in ended.last


def test_smoke_runs_in_both_spaces_and_the_secret_is_nowhere(deployed: Platform, sandbox: Sandbox) -> None:
    both = deployed.deploy("test")
    assert both.code == 0, both.output
    canaries = {
        name: f"canary-for-{name}"
        for name in ("SLACK_WEBHOOK", "EKS_TOKEN_TEST_DEV", "AWS_SECRET_ACCESS_KEY")
    }
    ended = deployed.run("smoke", "--app", "tiny", "--env", "test", PLAIN_WORD="canary-for-all", **canaries)
    assert ended.code == 0, ended.output
    assert f"{deployed.one}: 3 smoke tests passed; {deployed.two}: 3 smoke tests passed" in ended.last
    from base64 import b64decode

    secret = sandbox.api("GET", f"/api/v1/namespaces/ns-{deployed.one}/secrets/word-{deployed.one}")
    word = b64decode(secret["data"]["word"]).decode()
    assert word not in ended.output
    for file in (deployed.folder / ".pipeline" / "runs").rglob("*"):
        assert not file.is_file() or word not in file.read_text(errors="replace"), file
    record = deployed.recorded()["stages"][0]
    assert record["details"][deployed.one]["tests"] == 3


def test_a_release_is_verified_by_its_checks_and_rollback_returns_to_it(
    deployed: Platform, sandbox: Sandbox
) -> None:
    assert deployed.run("healthcheck", "--app", "tiny", "--env", deployed.one).code == 0
    suite(deployed, SUITE)
    assert deployed.run("smoke", "--app", "tiny", "--env", deployed.one).code == 0
    good = rows(deployed)[0]
    assert good["verified"] is True and good["ready"] == 2
    namespace = f"ns-{deployed.one}"

    with (deployed.folder / "tiny" / "app.py").open("a") as file:
        file.write("\n# another image\n")
    changed = deployed.deploy()
    assert changed.code == 0, changed.output
    assert rows(deployed)[0]["verified"] is False

    back = deployed.run("rollback", "--app", "tiny", "--env", deployed.one)
    assert back.code == 0, back.output
    assert f"{deployed.one}: rolled back to uncommitted (verified)" in back.last
    kept = sandbox.api("GET", f"/api/v1/namespaces/{namespace}/configmaps/fb-tiny-release")
    history = [releases.Release.read(row) for row in json.loads(kept["data"]["releases.json"])]
    assert history[0].images != history[1].images
    assert history[0].images == history[2].images
    running = {pod["status"]["containerStatuses"][0]["imageID"] for pod in pods(sandbox, deployed.one)}
    assert running == set(history[0].images.values())
    text = (deployed.folder / "tiny" / "app.py").read_text()
    (deployed.folder / "tiny" / "app.py").write_text(text.replace("\n# another image\n", ""))
    deployed.is_fresh = False


def test_rollback_never_goes_to_what_was_never_good(deployed: Platform) -> None:
    ended = deployed.run("rollback", "--app", "tiny", "--env", deployed.one, "--to", "nonsense")
    assert ended.code == 1, ended.output
    assert "no verified release nonsense" in ended.last


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "def test_bad():\n    assert 1 == 2, 'one is not two'\n",
            "test_bad: AssertionError: one is not two",
        ),
        ("x = 1\n", "ran no test at all"),
        ("import nonsense\n", "1 of 1 smoke tests failed: .*No module named 'nonsense'"),
    ],
)
def test_a_suite_that_fails_or_tests_nothing_fails(deployed: Platform, text: str, words: str) -> None:
    suite(deployed, text)
    ended = deployed.run("smoke", "--app", "tiny", "--env", deployed.one)
    assert ended.code == 1, ended.output
    assert re.search(words, ended.last)


def test_a_suite_that_hangs_is_timed_out(deployed: Platform) -> None:
    deployed.configure(suites=SUITES.replace("30s", "2s"))
    suite(deployed, "import threading\ndef test_hangs():\n    threading.Event().wait(60)\n")
    ended = deployed.run("smoke", "--app", "tiny", "--env", deployed.one)
    deployed.configure(suites=SUITES)
    assert ended.code == 4, ended.output
    assert "did not end within 2 s" in ended.last


def test_the_gateway_carries_requests_both_ways_in_parallel(
    deployed: Platform, connection: Connection
) -> None:
    with gateway.opened(connection, f"ns-{deployed.one}", f"fb-tiny-{deployed.one}", 80) as url:
        assert url.startswith("http://127.0.0.1:")
        port = int(url.rpartition(":")[2])
        failures: list[object] = []

        def ask(number: int) -> None:
            client = HTTPConnection("127.0.0.1", port, timeout=20)
            body = f"file {number}".encode() * 1000
            for _ in range(3):
                client.request("POST", "/nothing?x=1", body)
                answer = client.getresponse()
                if (answer.status, answer.read()) != (200, b"ok"):
                    failures.append(answer.status)
            client.request("GET", "/file/none")
            answer = client.getresponse()
            if (answer.status, answer.read()) != (404, b"no such file"):
                failures.append(answer.status)
            client.close()

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
    with pytest.raises(OSError, match="refused"):
        HTTPConnection("127.0.0.1", port, timeout=2).request("GET", "/")


def test_the_way_to_services_beside_an_app_is_a_proxy_for_one_namespace_alone(
    deployed: Platform, connection: Connection
) -> None:
    namespace, service = f"ns-{deployed.one}", f"fb-tiny-{deployed.one}"

    def ask(opener: urllib.request.OpenerDirector, url: str, body: bytes | None = None) -> tuple[int, str]:
        try:
            with opener.open(url, body, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    with gateway.opened_to_all(connection, namespace) as url:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": url}))
        for name in (namespace, f"{namespace}.svc", f"{namespace}.svc.cluster.local", f"{namespace}:80"):
            assert ask(opener, f"http://{service}.{name}/health") == (200, "ok")
        assert ask(opener, f"http://{service}.{namespace}/file/none?x=1") == (404, "no such file")
        assert ask(opener, f"http://{service}.{namespace}/nothing", b"x" * 100_000) == (200, "ok")
        status, said = ask(opener, f"http://nobody.{namespace}/health")
        assert status == 404 and "nobody" in said, said
        for elsewhere in ("http://10.97.0.1/", f"http://{service}.kube-system/", f"http://{service}/"):
            status, said = ask(opener, elsewhere)
            assert status == 403, said
            assert f"the way to http://<service>.{namespace} alone, not to {elsewhere}" in said
        plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert ask(plain, f"{url}/health")[0] == 403
