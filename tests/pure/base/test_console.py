"""What is said is said in whole lines."""

from __future__ import annotations

import io
import threading
import time

import pytest
from toolkit.base import console
from toolkit.base.outcome import Kind, Outcome


class Slow(io.StringIO):
    """Lets another thread go on after every piece that is written."""

    def write(self, text: str) -> int:
        written = super().write(text)
        time.sleep(0.0005)
        return written


def test_lines_of_many_threads_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Slow()
    monkeypatch.setattr("sys.stdout", screen)
    wanted = [[f"[{name}] line {number}" for number in range(20)] for name in "abcd"]
    threads = [
        threading.Thread(target=lambda lines=lines: [console.say(line) for line in lines]) for lines in wanted
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    said = screen.getvalue().splitlines()
    assert sorted(said) == sorted(line for lines in wanted for line in lines)
    for lines in wanted:
        assert [line for line in said if line[:3] == lines[0][:3]] == lines


def test_a_failure_shows_what_is_not_good_of_each_space_and_counts_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [
        {"object": "Deployment/web", "state": "failed", "cause": "crash loop", "said": "..."},
        {"object": "Ingress/web", "state": "not judged", "cause": "", "said": "..."},
        {"object": "ConfigMap/web", "state": "good", "cause": "", "said": "applied"},
    ]
    console.report("deploy", Outcome(Kind.FAILED, "no", "mend it", details={"test": {"objects": rows}}))
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[2:]] == [
        "test  Deployment/web  failed      crash loop",
        "test  Ingress/web     not judged",
        "test  and 1 more that are good",
        "fix: mend it",
    ]
