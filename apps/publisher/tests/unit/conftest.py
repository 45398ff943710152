"""The publisher against a Kubernetes API of the test's own, over TLS, and a database of its own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from fb_platform.database import Database
from fb_platform.kubernetes import ACCOUNT, Cluster
from fb_testing.databases import database_url, postgresql
from fb_testing.servers import serving
from publisher import web
from publisher.objects import MANAGER
from publisher.settings import Spaces
from publisher.store import Store
from publisher.worker import Worker

from .cluster import MiniCluster

__all__ = ["database_url", "postgresql"]  # fixtures

TOKEN = "0123456789abcdef0123"
DEV, PRODUCTION = "formbuilder-services-test-dev", "formbuilder-services-test-production"


def document(slug: str = "cats", heading: str = "Your cat", **parts: Any) -> dict[str, Any]:
    """A form's metadata."""
    question = {"id": "name", "kind": "text", "label": "Its name"}
    page = {"url": "cat", "heading": heading, "components": [question]}
    return {"id": f"id-{slug}", "slug": slug, "name": f"About {slug}", "pages": [page], **parts}


def form_json(image: str = "runner:1") -> str:
    """How a release of the runner says forms are run."""
    labels = {"app": "form-{slug}"}
    pods = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [{"name": "runner", "image": image, "env": [{"name": "X", "value": "{slug}"}]}]
        },
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pods}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "form-{slug}"},
        "spec": spec,
    }
    ports = {"selector": labels, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "form-{slug}"}, "spec": ports}
    return json.dumps({"deployment": deployment, "service": service})


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
    return folder


@dataclass
class Host:
    """One server for the whole session: a cluster of each test's own behind it."""

    address: str = ""
    cluster: MiniCluster = field(default_factory=MiniCluster)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.cluster.app()(scope, receive, send)


@pytest.fixture(scope="session")
def host(certificates: Path) -> Iterator[Host]:
    found, pem = Host(), str(certificates / "tls.pem")
    with serving(found, ssl_keyfile=pem, ssl_certfile=pem, lifespan="off") as found.address:
        yield found


@pytest.fixture
def kubernetes(host: Host) -> MiniCluster:
    found = host.cluster = MiniCluster()
    for space in ("test-dev", "test-production"):
        release(found, space, "1")
    return found


def release(kubernetes: MiniCluster, space: str, version: str) -> None:
    """The runner is released."""
    data = {"form.json": form_json(f"runner:{version}"), "version": version}
    kubernetes.put("ConfigMap", f"formbuilder-services-{space}", f"fb-runner-{space}", data=data)


@pytest.fixture
def environment(
    kubernetes: MiniCluster, host: Host, certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    account = tmp_path / ACCOUNT.lstrip("/")
    account.mkdir(parents=True)
    (account / "token").write_text("token\n")
    (account / "ca.crt").write_bytes((certificates / "ca.crt").read_bytes())
    name, port = host.address.removeprefix("https://").split(":")
    variables = {
        "CONTAINER_ROOT": str(tmp_path),
        "KUBERNETES_SERVICE_HOST": name,
        "KUBERNETES_SERVICE_PORT": port,
        "DATABASE_URL": "sqlite:////data/publisher.db",
        "SERVICES_SPACES": "test-dev test-production",
        "PUBLISHER_TOKEN": TOKEN,
    }
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    return variables


@pytest.fixture
def store(environment: dict[str, str]) -> Store:
    made = Store(Database(environment["DATABASE_URL"]))
    made.prepare()
    return made


@pytest.fixture
def url(environment: dict[str, str]) -> Iterator[str]:
    with serving(web.build()) as found:
        yield found


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_worker(store: Store, clock: Clock) -> Callable[[], Worker]:
    spaces = Spaces(("test-dev", "test-production"), "formbuilder-services-{space}")

    def make() -> Worker:
        return Worker(store, Cluster(MANAGER), spaces, clock=clock)

    return make


@pytest.fixture
def worker(new_worker: Callable[[], Worker]) -> Worker:
    return new_worker()
