"""Does it keep what arrives, and show it?"""

import uuid

import httpx
from fb_testing.outbox import Outbox


def test_it_is_healthy(url: str) -> None:
    assert httpx.get(f"{url}/health", timeout=10, trust_env=False).status_code == 200


def test_it_keeps_and_shows_a_webhook_call(url: str) -> None:
    hook, where = uuid.uuid4().hex, Outbox(url, url)
    assert (
        httpx.post(f"{url}/webhooks/{hook}", content="hello", timeout=10, trust_env=False).status_code == 201
    )
    assert [call["body"] for call in where.calls(hook)] == ["hello"]
    assert httpx.delete(f"{url}/webhooks/{hook}", timeout=10, trust_env=False).status_code == 204
