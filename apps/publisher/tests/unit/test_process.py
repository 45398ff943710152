"""The two processes as a cluster sees them: start, SIGTERM, kill, settings that are missing."""

import signal

import pytest
from fb_testing.http import client
from fb_testing.processes import Start, ended, is_good, port, refusal, start
from fb_testing.waiting import until
from publisher import worker
from publisher.store import Store

from .cluster import MiniCluster
from .conftest import TOKEN, document

__all__ = ["port", "start"]  # fixtures


def test_a_killed_worker_is_followed_by_another_and_both_processes_end_cleanly(
    start: Start, port: int, store: Store, kubernetes: MiniCluster
) -> None:
    web = start("publisher.web")
    url = f"http://127.0.0.1:{port}"
    until("the web's start", lambda: is_good(f"{url}/health"))
    kubernetes.unready.add("form-cats")
    first = start("publisher.worker")
    wish = {"space": "test-dev", "form": document()}
    headers = {"x-publisher-token": TOKEN}
    where = url + client.post(f"{url}/forms", json=wish, headers=headers).headers["location"]

    def state() -> str:
        return str(client.get(where, headers=headers).json()["state"])

    until("the first worker", lambda: state() == "publishing")
    first.send_signal(signal.SIGKILL)
    first.wait()
    kubernetes.unready.clear()
    store.database.run("update leases set expires_at = 0")  # as if time had passed
    second = start("publisher.worker")
    until("the second worker", lambda: state() == "published")
    for process in (web, second):
        process.terminate()
        code, lines = ended(process)
        assert code == 0
        assert TOKEN not in str(lines)
        assert "Its name" not in str(lines)
    assert store.hold("next"), "the lease is let go of"


@pytest.mark.parametrize(
    ("module", "changed", "sentence"),
    [
        ("publisher.web", {"PUBLISHER_TOKEN": "short"}, "must have 16 characters"),
        ("publisher.web", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ("publisher.worker", {"SERVICES_SPACES": " "}, "names no space"),
        ("publisher.worker", {"SERVICES_NAMESPACE": "one-for-all"}, "must have {space} in it"),
        ("publisher.worker", {"CONTAINER_ROOT": "/nowhere"}, "there is no service account"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line(
    start: Start, module: str, changed: dict[str, str], sentence: str
) -> None:
    assert sentence in refusal(start(module, **changed))["message"]


def test_the_worker_is_built_from_the_environment(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORM_ADDRESS", "https://{slug}.{space}.example")
    built = worker.build()
    assert built.publication.address == "https://{slug}.{space}.example"
    assert built.spaces.namespace("test-dev") == "formbuilder-services-test-dev"
