"""The two processes as a cluster sees them: start, SIGTERM, kill, settings that are missing."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from fb_testing.keyed import SLUG, SUBMISSION_KEY
from fb_testing.keys import KeyServer
from fb_testing.processes import Start, ended, is_good, port, refusal, start
from fb_testing.runner import Runner, form
from fb_testing.waiting import until
from submitter import settings, worker
from submitter.queue import LEASE, Queue

from .conftest import Others

__all__ = ["port", "start"]  # fixtures


@pytest.fixture
def environment(
    sqlite_url: str, key_server: KeyServer, others: Others, own_keys: tuple[str, str], tmp_path: Path
) -> dict[str, str]:
    return {
        "CONTAINER_ROOT": str(tmp_path),
        "DATABASE_URL": sqlite_url,
        "NAMESPACE": "formbuilder-platform-test-dev",
        "SERVICE_TOKEN_CACHE_ROOT_URL": key_server.url,
        "PDF_GENERATOR_ROOT_URL": others.url,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(others.smtp_port),
        "SUBMISSION_DECRYPTION_KEY": SUBMISSION_KEY,
        "SUBMITTER_PRIVATE_KEY": own_keys[0],
    }


def test_from_request_to_mail_and_a_clean_end(
    start: Start, port: int, runner: Runner, others: Others, queue: Queue
) -> None:
    url = f"http://127.0.0.1:{port}"
    api, work = start("submitter.api"), start("submitter.worker")
    until("readiness", lambda: is_good(f"{url}/readiness"))
    action = {"kind": "email", "to": "a@example.com", "from": "f@example.com", "subject": "s"}
    answer = runner.submit(url, form(SLUG, actions=[action]))
    identity = answer.headers["location"].rpartition("/")[2]
    until("the delivery", lambda: queue.state(identity, SLUG) == "delivered")
    for process in (api, work):
        process.terminate()
        code, lines = ended(process)
        assert code == 0
        assert all(line["app"] in ("submitter-api", "submitter-worker") for line in lines)
        assert "a@example.com" not in str(lines)
    assert len(others.mails) == 1


def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    start: Start, others: Others, runner: Runner, queue: Queue, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    start("submitter.api")
    until("readiness", lambda: is_good(f"{url}/readiness"))
    others.failing = {"hook"}
    email = {"kind": "email", "to": "a@example.com", "from": "f@example.com", "subject": "s"}
    hook = {"kind": "json", "url": f"{others.url}/hook", "key": "0123456789abcdef"}
    answer = runner.submit(url, form(SLUG, actions=[email, hook]))
    identity = answer.headers["location"].rpartition("/")[2]
    first = start("submitter.worker")
    until("the first attempt", lambda: others.of("hook"))
    first.send_signal(signal.SIGKILL)
    first.wait()
    others.failing = set()
    queue.database.run(
        "update submissions set due_at = due_at - :lease", lease=LEASE
    )  # as if time had passed
    start("submitter.worker")
    until("the delivery", lambda: queue.state(identity, SLUG) == "delivered")
    assert len(others.mails) == 1


@pytest.mark.parametrize(
    ("module", "changed", "sentence"),
    [
        ("submitter.api", {"SUBMISSION_DECRYPTION_KEY": "short"}, "must have 32 characters"),
        ("submitter.worker", {"SUBMITTER_PRIVATE_KEY": "no key"}, "is not a private key in PEM"),
        ("submitter.worker", {"SMTP_HOST": "$(FB_X_SERVICE_HOST)"}, "SMTP_HOST needs FB_X_SERVICE_HOST"),
    ],
)  # fmt: skip
def test_a_wrong_setting_ends_the_start_with_one_line(
    start: Start, module: str, changed: dict[str, str], sentence: str
) -> None:
    line = refusal(start(module, **changed))
    assert sentence in line["message"]
    assert "no key" not in str(line)


def test_failed_submissions_are_queued_again_on_request(start: Start, queue: Queue) -> None:
    queue.database.run(
        """insert into submissions values ('1', 's', 'n', 'u', 'r', 'e', 'e', 0, 'failed', 9, 0, 0, null)"""
    )
    assert ended(start("submitter.worker", "--requeue-failed"))[0] == 0
    assert queue.state("1", "s") == "waiting"


def test_an_idle_worker_rests(start: Start) -> None:
    process = start("submitter.worker")
    assert json.loads(process.stdout.readline() if process.stdout else "")["message"] == "working"
    statistics = Path(f"/proc/{process.pid}/stat")
    if not statistics.exists():
        pytest.skip("this system does not tell a process's processor time in /proc")

    def used() -> int:
        fields = statistics.read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before, began = used(), time.monotonic()
    until("two seconds of idleness", lambda: time.monotonic() - began > 2)
    share = (used() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)
    assert share < 0.05, f"an idle worker uses {share:.1%} of a processor"


def test_the_worker_is_built_from_the_environment(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environment, "SMTP_STARTTLS": "yes", "WORKER_THREADS": "7"}.items():
        monkeypatch.setenv(name, value)
    built = worker.build()
    assert (built.mail.host, built.mail.tls, built.threads) == ("127.0.0.1", True, 7)
    assert settings.decryption_key() == SUBMISSION_KEY
