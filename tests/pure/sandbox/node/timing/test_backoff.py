"""Back-off, as a kubelet has it."""

from __future__ import annotations

import pytest

from sandbox.node.timing.backoff import Backoff


def test_back_off_doubles_from_ten_seconds_to_five_minutes() -> None:
    backoff = Backoff()
    at, waits = 0.0, []
    for _ in range(9):
        waits.append(backoff.failed(at))
        at += waits[-1] + 1
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_back_off_is_forgotten_after_ten_quiet_minutes() -> None:
    backoff = Backoff()
    assert [backoff.failed(0), backoff.failed(1)] == [0, 10]
    assert backoff.failed(11 + 600 - 1) == 20
    assert backoff.failed(11 + 600 + 20 + 601) == 0


def test_back_off_scales() -> None:
    backoff = Backoff(scale=0.01)
    assert [backoff.failed(0), backoff.failed(0), backoff.failed(0)] == pytest.approx([0, 0.1, 0.2])
    assert backoff.failed(6.5) == 0
