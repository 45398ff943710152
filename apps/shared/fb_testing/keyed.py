"""Fixtures of unit tests: a form's runner, and a token cache on loopback that knows its key."""

from collections.abc import Iterator

import pytest

from fb_testing.keys import KeyServer, key_pair
from fb_testing.runner import Runner
from fb_testing.servers import serving

SLUG, NAMESPACE = "complaints", "formbuilder-services-test-dev"
SUBMISSION_KEY = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture
def runner(keys: tuple[str, str]) -> Runner:
    return Runner(SLUG, NAMESPACE, keys[0], SUBMISSION_KEY)


@pytest.fixture(scope="session")
def running_key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    with serving(server.app) as server.url:
        yield server


@pytest.fixture
def key_server(running_key_server: KeyServer, keys: tuple[str, str]) -> KeyServer:
    """As it is when nothing has happened yet."""
    running_key_server.reset({(SLUG, NAMESPACE): keys[1]})
    return running_key_server
