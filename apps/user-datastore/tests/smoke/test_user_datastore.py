"""Can this datastore do its job? Database, token cache and key all have a part in it."""

from fb_testing.http import client, expect_good
from fb_testing.runner import Runner


def test_it_is_healthy_and_ready(url: str) -> None:
    expect_good(url, "health", "readiness")


def test_it_keeps_gives_back_and_forgets(url: str, runner: Runner) -> None:
    address = f"{url}/service/{runner.slug}/user/{runner.user}"
    try:
        kept = client.post(address, json={"payload": "a check"}, headers=runner.headers())
        assert kept.status_code == 201, f"a first payload is answered {kept.status_code}: {kept.text[:200]}"
        found = client.get(address, headers=runner.headers())
        assert found.json() == {"payload": "a check"}, f"what was kept is answered {found.status_code}"
    finally:
        gone = client.delete(address, headers=runner.headers())
    assert gone.status_code == 204, f"forgetting is answered {gone.status_code}"
    assert client.get(address, headers=runner.headers()).status_code == 404, "it was not forgotten"


def test_it_refuses_whoever_does_not_sign(url: str, runner: Runner) -> None:
    answer = client.get(f"{url}/service/{runner.slug}/user/{runner.user}")
    assert answer.status_code == 403, "a request without a token must be refused"
