"""Can this filestore do its job? Storage, token cache and key all have a part in it."""

import base64

from fb_testing.http import client, expect_good
from fb_testing.runner import Runner


def test_it_is_healthy_and_ready(url: str) -> None:
    expect_good(url, "health", "readiness")


def test_it_keeps_gives_back_and_forgets(url: str, runner: Runner) -> None:
    address = f"{url}/service/{runner.slug}/user/{runner.user}"
    body = {"file": base64.b64encode(b"a check").decode(), "policy": {"expires": 1}}
    kept = client.post(address, json=body, headers=runner.headers())
    assert kept.status_code == 201, f"an upload is answered {kept.status_code}: {kept.text[:200]}"
    file = f"{address}/{kept.json()['fingerprint']}"
    try:
        found = client.get(file, headers=runner.headers())
        assert found.content == b"a check", f"what was kept is answered {found.status_code}"
    finally:
        gone = client.delete(file, headers=runner.headers())
    assert gone.status_code == 204, f"forgetting is answered {gone.status_code}"
    assert client.get(file, headers=runner.headers()).status_code == 404, "it was not forgotten"


def test_it_refuses_whoever_does_not_sign(url: str, runner: Runner) -> None:
    answer = client.post(f"{url}/service/{runner.slug}/user/{runner.user}", json={"file": ""})
    assert answer.status_code == 403, "an upload without a token must be refused"
