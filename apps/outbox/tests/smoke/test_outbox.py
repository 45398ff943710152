"""Does it keep what arrives, and show it?"""

import uuid

from fb_testing.http import client, expect_good
from fb_testing.outbox import Outbox


def test_it_is_healthy(url: str) -> None:
    expect_good(url, "health")


def test_it_keeps_and_shows_a_webhook_call(url: str) -> None:
    hook, where = uuid.uuid4().hex, Outbox(url, url)
    assert client.post(f"{url}/webhooks/{hook}", content="hello").status_code == 201
    assert [call["body"] for call in where.calls(hook)] == ["hello"]
    assert client.delete(f"{url}/webhooks/{hook}").status_code == 204
