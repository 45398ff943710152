"""Does it know the key of a service, past its cache, and say no for one that is not there?"""

import base64

import httpx
import pytest
from fb_testing.http import client, expect_good
from joserfc.jwk import RSAKey


def get(url: str) -> httpx.Response:
    return client.get(url)


def test_it_is_healthy_and_ready(url: str) -> None:
    expect_good(url, "health", "readiness")


@pytest.mark.parametrize("query", ["", "?ignore_cache=true"])
def test_it_gives_the_key_that_fits(url: str, settings: dict[str, str], query: str) -> None:
    slug, namespace = settings["SERVICE_SLUG"], settings["SERVICE_NAMESPACE"]
    answer = get(f"{url}/v3/applications/{slug}/namespaces/{namespace}{query}")
    assert answer.status_code == 200, f"the key of {slug} in {namespace} is answered {answer.status_code}"
    public = RSAKey.import_key(base64.b64decode(answer.json()["token"])).thumbprint()
    assert public == RSAKey.import_key(settings["SERVICE_PRIVATE_KEY"]).thumbprint(), (
        "it is not the service's key"
    )


def test_it_says_no_for_a_service_that_is_not_there(url: str, settings: dict[str, str]) -> None:
    assert (
        get(f"{url}/v3/applications/no-such-service/namespaces/{settings['SERVICE_NAMESPACE']}").status_code
        == 404
    )
