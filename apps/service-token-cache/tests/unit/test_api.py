"""The token cache against a Kubernetes API of its own, over TLS."""

import base64
import json
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from fb_platform import logs
from fb_platform.kubernetes import ACCOUNT
from fb_platform.settings import SettingError
from fb_testing.doors import WAYS, door
from fb_testing.http import client
from fb_testing.servers import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from token_cache import api

ENCODED = base64.b64encode(b"-----BEGIN PUBLIC KEY-----").decode()


@dataclass
class Kubernetes:
    """Serves ConfigMaps; `status` overrides the answer; `hold` makes requests wait."""

    maps: dict[tuple[str, str], object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    status: int = 200
    hold: threading.Event = field(default_factory=threading.Event)

    def app(self) -> Starlette:
        def answer(request: Request) -> Response:
            self.hold.wait(5)
            self.asked.append(request.url.path)
            self.tokens.add(request.headers["authorization"])
            found = self.maps.get((request.path_params["ns"], request.path_params["name"]))
            if self.status != 200 or found is None:
                return Response(status_code=404 if self.status == 200 else self.status)
            return JSONResponse(found)

        return Starlette(routes=[Route("/api/v1/namespaces/{ns}/configmaps/{name}", answer)])


@pytest.fixture
def kubernetes() -> Kubernetes:
    found = Kubernetes(maps={("services", "fb-cats-config-map"): {"data": {"ENCODED_PUBLIC_KEY": ENCODED}}})
    found.hold.set()
    return found


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / ACCOUNT.lstrip("/")
    folder.mkdir(parents=True)
    (folder / "token").write_text("first\n")
    monkeypatch.setenv("CONTAINER_ROOT", str(tmp_path))
    return folder


@pytest.fixture
def url(
    kubernetes: Kubernetes, account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(account / "ca.crt")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    pem = str(tmp_path / "tls.pem")
    with serving(kubernetes.app(), ssl_keyfile=pem, ssl_certfile=pem) as address:
        host, port = address.removeprefix("https://").split(":")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
        monkeypatch.setenv("SERVICES_NAMESPACE", "services")
        with serving(api.build()) as found:
            yield found


V3 = "/v3/applications/{}/namespaces/{}"


def test_both_routes_give_the_key(url: str, kubernetes: Kubernetes) -> None:
    for route in ("/service/v2/cats", V3.format("cats", "services")):
        answer = client.get(url + route)
        assert (answer.status_code, answer.json()) == (200, {"token": ENCODED})
    assert kubernetes.asked == ["/api/v1/namespaces/services/configmaps/fb-cats-config-map"]
    assert kubernetes.tokens == {"Bearer first"}


def test_ignore_cache_reads_again_with_the_token_of_the_day(
    url: str, kubernetes: Kubernetes, account: Path
) -> None:
    client.get(f"{url}/service/v2/cats")
    kubernetes.maps["services", "fb-cats-config-map"] = {"data": {"ENCODED_PUBLIC_KEY": "bmV3"}}
    (account / "token").write_text("second")
    assert client.get(f"{url}/service/v2/cats").json() == {"token": ENCODED}
    assert client.get(f"{url}/service/v2/cats?ignore_cache=true").json() == {"token": "bmV3"}
    assert client.get(f"{url}/service/v2/cats").json() == {"token": "bmV3"}
    assert kubernetes.tokens == {"Bearer first", "Bearer second"}


def test_no_key_is_404_and_not_remembered(url: str, kubernetes: Kubernetes) -> None:
    kubernetes.maps["services", "fb-empty-config-map"] = {"data": {}}
    kubernetes.maps["services", "fb-bare-config-map"] = {}
    for slug in ("dogs", "empty", "bare"):
        assert client.get(f"{url}/service/v2/{slug}").status_code == 404
    kubernetes.maps["services", "fb-dogs-config-map"] = {"data": {"ENCODED_PUBLIC_KEY": "ZG9n"}}
    assert client.get(f"{url}/service/v2/dogs").status_code == 200


def test_names_that_are_no_names_never_reach_kubernetes(url: str, kubernetes: Kubernetes) -> None:
    for route in (
        "/service/v2/..%2f..%2fsecrets",
        "/service/v2/Cats",
        V3.format("cats", "a%2Fb"),
        "/service/v2/-",
    ):
        assert client.get(url + route).status_code == 404, route
    assert kubernetes.asked == []


def test_a_removed_key_is_forgotten(url: str, kubernetes: Kubernetes) -> None:
    client.get(f"{url}/service/v2/cats")
    kubernetes.maps.clear()
    assert client.get(f"{url}/service/v2/cats?ignore_cache=true").status_code == 404
    assert client.get(f"{url}/service/v2/cats").status_code == 404


def test_refused_by_kubernetes_is_404_trouble_is_503(url: str, kubernetes: Kubernetes) -> None:
    found = {}
    for kubernetes.status in (403, 401, 500):
        found[kubernetes.status] = client.get(f"{url}/service/v2/cats").status_code
    assert found == {403: 404, 401: 503, 500: 503}
    kubernetes.status = 200
    assert client.get(f"{url}/service/v2/cats").status_code == 200


def test_many_readers_share_one_read(url: str, kubernetes: Kubernetes) -> None:
    kubernetes.hold.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(client.get, f"{url}/service/v2/cats") for _ in range(8)]
        kubernetes.hold.set()
        assert {answer.result().status_code for answer in answers} == {200}
    assert len(kubernetes.asked) == 1


def test_probes(url: str, account: Path) -> None:
    assert client.get(f"{url}/health").status_code == 200
    assert client.get(f"{url}/readiness").status_code == 200
    (account / "token").unlink()
    assert client.get(f"{url}/readiness").status_code == 503
    assert client.get(f"{url}/service/v2/cats").status_code == 503
    assert client.get(f"{url}/health").status_code == 200


def test_without_its_setting_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingError, match="KUBERNETES_SERVICE_HOST is not set"):
        api.build()


def test_without_its_service_account_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "::1")
    monkeypatch.setenv("CONTAINER_ROOT", str(tmp_path))
    with pytest.raises(SettingError, match="service account"):
        api.build()


@pytest.mark.parametrize("way", WAYS)
def test_while_kubernetes_is_away_what_is_known_is_known(
    url: str, kubernetes: Kubernetes, way: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    kubernetes.maps["services", "fb-dogs-config-map"] = {"data": {"ENCODED_PUBLIC_KEY": "ZG9n"}}
    monkeypatch.setattr("fb_platform.kubernetes.TIMEOUT", 0.3)
    with door(int(os.environ["KUBERNETES_SERVICE_PORT"])) as way_in:
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(way_in.port))
        logs.start("service-token-cache")
        try:
            with serving(api.build()) as found:
                assert client.get(f"{found}/service/v2/cats").status_code == 200
                way_in.shut(way)
                answers = [client.get(f"{found}/service/v2/{slug}").status_code for slug in ("cats", "dogs")]
                assert answers == [200, 503]
                fresh = client.get(f"{found}/service/v2/cats?ignore_cache=true")
                assert fresh.status_code == 503
                assert client.get(f"{found}/health").status_code == 200
                assert client.get(f"{found}/service/v2/cats").status_code == 200
                way_in.open()
                assert client.get(f"{found}/service/v2/dogs").json() == {"token": "ZG9n"}
        finally:
            logging.getLogger().handlers = []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line for line in lines if line["level"] == "error"]
    assert [line["message"] for line in told] == ["the Kubernetes API does not answer"] * 2
    assert all(line["error"] for line in told)


def test_it_only_reads(url: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, f"{url}/service/v2/cats", content=b"x").status_code == 405
