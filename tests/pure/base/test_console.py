"""What is said is said in whole lines."""

from __future__ import annotations

import io
import threading
import time

import pytest
from toolkit.base import console


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
