"""What fails on the real cluster is run once more: broken stays red, and what is not steady is said."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes import cluster
from tests.kubernetes.landing import __main__ as landing
from tests.kubernetes.landing.portions import Clock, Portion
from tests.scripts import api_double

Run = Callable[[str], int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a portion of one test file on a cluster that says it is ready."""
    with api_double.running(tls=True) as server:
        ca = base64.b64encode(server.ca.encode()).decode()
        config = {
            "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        server.answer = lambda request: request.raw(b"ok")
        monkeypatch.setenv(cluster.CONFIG, str(kubeconfig))
        monkeypatch.setenv(cluster.REGISTRY, "127.0.0.1:1/x")
        monkeypatch.delenv("ARGS", raising=False)
        file = tmp_path / "test_it.py"

        def go(source: str) -> int:
            file.write_text(f"from pathlib import Path\nHERE = Path({str(tmp_path)!r})\n{source}")
            given = Clock(time.time(), 60.0, 1.0)
            return landing._run(Portion("a portion", (str(file),), 1.0), given)

        yield go


def test_what_passes_the_second_time_is_said_to_be_not_steady(
    run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(
        "def test_steady():\n"
        "    with (HERE / 'steady').open('a') as file: file.write('x')\n"
        "def test_not_steady():\n"
        "    was, _ = (HERE / 'once').exists(), (HERE / 'once').touch()\n"
        "    assert was\n"
    )
    said = capfd.readouterr().out
    assert code == 0, said
    assert "NOT STEADY: a portion of the ring on real Kubernetes" in said
    assert (tmp_path / "steady").read_text() == "x", "what passed is not run again"


def test_what_fails_twice_is_a_failure(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    code = run("def test_broken():\n    assert False\ndef test_fine():\n    pass\n")
    said = capfd.readouterr().out
    assert code == 1, said
    assert "NOT STEADY" not in said
    assert said.count("1 failed") == 2, "once with the others, and once alone"


def test_what_passes_is_run_once(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("def test_fine():\n    pass\n") == 0
    said = capfd.readouterr().out
    assert said.count("1 passed") == 1 and "once more" not in said
