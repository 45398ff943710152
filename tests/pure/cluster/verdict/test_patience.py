"""How long findings may last, and when one has settled."""

from __future__ import annotations

import pytest
from toolkit.base.outcome import Misused
from toolkit.cluster.diagnosis.finding import Cause, healing, suspicious, waiting
from toolkit.cluster.verdict import patience
from toolkit.cluster.verdict.patience import Patience, Settling

from tests.pure.cluster.verdict.found import SECRET


def test_appearances_are_added_up_and_the_time_between_is_not() -> None:
    judge = Patience().judge
    assert judge([SECRET], 0) == []
    assert judge([SECRET], 3) == []
    assert judge([], 4) == []
    assert judge([], 100) == []
    assert judge([SECRET], 100) == []
    assert judge([SECRET], 101.5) == []
    assert [each.cause for each in judge([SECRET], 102)] == [Cause.CONFIGURATION]


def test_another_pod_has_its_own_patience() -> None:
    judge = Patience().judge
    other = suspicious(Cause.CONFIGURATION, "Pod/q", 'secret "x" not found', "api")
    judge([SECRET], 0)
    assert judge([other], 6) == []


def test_patience_is_scaled_with_what_heals_too(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = healing(Cause.READINESS, "Pod/p", "answers 503", "api")
    tenth = Patience(0.1)
    tenth.judge([SECRET, probe], 0)
    assert [each.cause for each in tenth.judge([SECRET, probe], 59)] == [Cause.CONFIGURATION]
    assert [each.cause for each in tenth.judge([SECRET, probe], 60)] == [Cause.CONFIGURATION, Cause.READINESS]
    monkeypatch.delenv(patience.SCALE, raising=False)
    assert patience.scale() == 1
    monkeypatch.setenv(patience.SCALE, "0.05")
    assert patience.scale() == 0.05


@pytest.mark.parametrize("value", ["0", "-1", "fast", "nan", "inf"])
def test_a_scale_that_is_none_is_misused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(patience.SCALE, value)
    with pytest.raises(Misused, match="PATIENCE_SCALE is"):
        patience.scale()


def test_a_finding_settles_when_it_has_not_changed_for_long_enough() -> None:
    settling = Settling()
    once = waiting(Cause.PROBE, "Pod/p", "failed once", "api", settles=10)
    twice = waiting(Cause.PROBE, "Pod/p", "failed twice", "api", settles=10)
    assert settling.pending([once], 0) == once
    assert settling.pending([once], 9) == once
    assert settling.pending([twice], 11) == twice, "it happened again: the time starts anew"
    assert settling.pending([twice], 20) == twice
    assert settling.pending([twice], 21) is None
    assert settling.pending([SECRET], 22) is None


WALL = {"time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"}}
