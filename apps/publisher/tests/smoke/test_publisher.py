"""Could it publish, in every space? The worker rehearses that with the cluster all the time and says so."""

from typing import Any

from fb_testing.http import client, expect_good
from fb_testing.waiting import until


def test_it_is_healthy(url: str) -> None:
    expect_good(url, "health")


def test_it_is_closed_without_the_token(url: str, headers: dict[str, str]) -> None:
    assert client.get(url).status_code == 401, "the pages must ask for the token"
    assert client.get(f"{url}/forms").status_code == 401, "the API must ask for the token"
    wrong = {"x-publisher-token": headers["x-publisher-token"] + "?"}
    assert client.get(f"{url}/forms", headers=wrong).status_code == 403, "a wrong token must be refused"


def test_it_lists_the_forms(url: str, headers: dict[str, str]) -> None:
    answer = client.get(f"{url}/forms", headers=headers)
    assert answer.status_code == 200, f"the list is answered {answer.status_code}: {answer.text[:200]}"
    for form in answer.json()["forms"]:
        assert form["state"] in ("waiting", "publishing", "published", "failed", "unpublishing")


def test_the_worker_could_publish_in_every_space(
    url: str, headers: dict[str, str], settings: dict[str, str]
) -> None:
    """Database, worker, Kubernetes API, leave and the runner's release all have a part in this."""
    last: dict[str, Any] = {}

    def could() -> bool:
        answer = client.get(f"{url}/state", headers=headers)
        last.update(answer.json() if answer.status_code == 200 else {"status": answer.status_code})
        spaces = {each["space"]: each["problem"] for each in last.get("spaces", [])}
        alive = last.get("worker", {}).get("alive")
        return bool(alive) and [spaces.get(name) for name in settings["SERVICES_SPACES"].split()] == [""] * 2

    try:
        until("the worker to say that it could publish", could, seconds=25, every=0.2)
    except AssertionError as problem:
        raise AssertionError(f"{problem}; it says {last}") from None
