"""Can this submitter do its job? From the door to the worker, without sending anything."""

from typing import Any

import httpx
from fb_testing.http import client, expect_good
from fb_testing.runner import Runner, form
from fb_testing.waiting import until


def get(url: str, **options: Any) -> httpx.Response:
    return client.get(url, **options)


def test_it_is_healthy_and_ready(url: str) -> None:
    expect_good(url, "health", "readiness")


def test_it_tells_its_metrics(url: str) -> None:
    text = get(f"{url}/metrics").text
    for name in ("submitter_waiting", "submitter_failed", "submitter_overdue_seconds"):
        assert f"\n{name} " in text, f"/metrics has no {name}"


def test_it_refuses_whoever_does_not_sign(url: str, runner: Runner) -> None:
    answer = runner.submit(url, form(runner.slug, actions=[]), headers={"x-no-token": "1"})
    assert answer.status_code == 403, "a submission without a token must be refused"


def test_a_submission_goes_all_the_way(url: str, runner: Runner) -> None:
    """Token cache, key, database, queue and worker all have a part in this."""
    empty = form(runner.slug, actions=[], pages=[])
    answer = runner.submit(url, empty)
    assert answer.status_code == 201, f"a signed submission gets {answer.status_code}: {answer.text[:200]}"
    where = f"{url}/v2/submissions/{answer.headers['location'].rpartition('/')[2]}"

    def delivered() -> bool:
        return get(where, headers=runner.headers()).json().get("state") == "delivered"

    until("the worker to take the submission off the queue", delivered, seconds=30, every=0.1)
