"""The four apps as plain processes, no cluster needed: `python -m fb_testing.platform <command...>`.

Runs the command with the environment variables that the suites want, and stops everything after it. A small
stand-in for the Kubernetes API serves the two ConfigMaps that the token cache reads.
"""

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fb_testing.http import client
from fb_testing.keys import key_pair
from fb_testing.servers import free_port, serving
from fb_testing.waiting import until

APPS = Path(__file__).parents[2]
SERVICES, PLATFORM = "formbuilder-services-local", "formbuilder-platform-local"
KEY = "0123456789abcdef0123456789ABCDEF"
ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount"


def kubernetes(keys: dict[tuple[str, str], str]) -> Starlette:
    """Serves ConfigMaps with public keys, by namespace and slug, to whoever has the right token."""

    async def config_map(request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer local":
            return Response(status_code=401)
        name = request.path_params["name"].removeprefix("fb-").removesuffix("-config-map")
        found = keys.get((request.path_params["namespace"], name))
        if found is None:
            return Response(status_code=404)
        return JSONResponse({"data": {"ENCODED_PUBLIC_KEY": base64.b64encode(found.encode()).decode()}})

    return Starlette(routes=[Route("/api/v1/namespaces/{namespace}/configmaps/{name}", config_map)])


@contextmanager
def platform(home: Path, workers: int = 1) -> Iterator[dict[str, str]]:
    """Start everything with its files below `home`; gives the environment variables of the suites."""
    check, own = key_pair(), key_pair()
    authority = trustme.CA()
    (home / ACCOUNT).mkdir(parents=True)
    (home / ACCOUNT / "token").write_text("local\n")
    authority.cert_pem.write_to_path(home / ACCOUNT / "ca.crt")
    certificate, private = home / "tls.crt", home / "tls.key"
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(private)
    known = {(SERVICES, "pipeline-check"): check[1], (PLATFORM, "submitter"): own[1]}
    ports = {name: free_port() for name in ("cache", "pdf", "outbox", "smtp", "submitter")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    common = {
        "HOST": "127.0.0.1",
        "CONTAINER_ROOT": str(home),
        "NAMESPACE": PLATFORM,
        "SERVICES_NAMESPACE": SERVICES,
        "SERVICE_TOKEN_CACHE_ROOT_URL": urls["cache"],
        "PDF_GENERATOR_ROOT_URL": urls["pdf"],
        "SUBMISSION_DECRYPTION_KEY": KEY,
        "SUBMITTER_PRIVATE_KEY": own[0],
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports["smtp"]),
    }
    with ExitStack() as running:
        api = running.enter_context(
            serving(kubernetes(known), ssl_keyfile=str(private), ssl_certfile=str(certificate))
        )
        common["KUBERNETES_SERVICE_HOST"], common["KUBERNETES_SERVICE_PORT"] = api[8:].split(":")
        started = [
            ("service-token-cache", "token_cache.api", ports["cache"]),
            ("pdf-generator", "pdf_generator.api", ports["pdf"]),
            ("outbox", "outbox.api", ports["outbox"]),
            ("submitter", "submitter.api", ports["submitter"]),
            *[("submitter", "submitter.worker", 0)] * workers,
        ]
        for app, module, port in started:
            environment = {**os.environ, **common, "PORT": str(port)}
            environment["PYTHONPATH"] = os.pathsep.join([str(APPS / app), str(APPS / "shared")])
            process = subprocess.Popen(
                [sys.executable, "-m", module], env=environment, cwd=home, stdout=sys.stderr
            )
            running.callback(process.wait, 30)
            running.callback(process.terminate)
        for name in ("cache", "pdf", "outbox", "submitter"):
            until(f"{name} to be healthy", partial(_healthy, urls[name]))
        yield {
            "SUBMITTER_URL": urls["submitter"],
            "PDF_GENERATOR_URL": urls["pdf"],
            "TOKEN_CACHE_URL": urls["cache"],
            "OUTBOX_URL": urls["outbox"],
            "OUTBOX_INTERNAL_URL": urls["outbox"],
            "SERVICE_SLUG": "pipeline-check",
            "SERVICE_NAMESPACE": SERVICES,
            "SERVICE_PRIVATE_KEY": check[0],
            "SUBMISSION_KEY": KEY,
        }


def main() -> int:
    """Run the command line's command on a platform of its own; its exit code."""
    with tempfile.TemporaryDirectory() as home, platform(Path(home)) as variables:
        return subprocess.run(sys.argv[1:], env={**os.environ, **variables}, check=False).returncode


def _healthy(url: str) -> bool:
    try:
        return client.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
