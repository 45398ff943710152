"""The one door to other programs, with real programs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from toolkit.base import tools
from toolkit.base.outcome import Interrupted, Misused, TimedOut
from toolkit.base.tools import Secret, ToolFailed


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_and_errors_come_in_their_order(capfd: pytest.CaptureFixture[str]) -> None:
    ran = tools.run(["sh", "-c", "echo one; echo two >&2; echo three"])
    assert (ran.code, ran.output) == (0, "one\ntwo\nthree\n")
    assert capfd.readouterr().out == "$ sh -c 'echo one; echo two >&2; echo three'\none\ntwo\nthree\n"


def test_quiet_means_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    tools.run(["echo", "hello"], echo=False)
    assert capfd.readouterr().out == ""


def test_a_failure_carries_what_the_program_said() -> None:
    with pytest.raises(ToolFailed) as error:
        tools.run(["sh", "-c", "echo why; exit 7"], echo=False)
    assert error.value.ran.code == 7
    assert error.value.evidence == ("why",)
    assert error.value.reason == "sh ended with exit code 7"


def test_without_check_the_code_is_the_answer() -> None:
    assert tools.run(["sh", "-c", "exit 7"], check=False, echo=False).code == 7
    assert tools.run(["sh", "-c", "kill -9 $$"], check=False, echo=False).code == -9


def test_a_missing_program_is_misuse_with_a_way_out() -> None:
    with pytest.raises(Misused, match="no such program") as error:
        tools.run(["no-such-program-here"], echo=False)
    assert "make doctor" in error.value.remedy
    with pytest.raises(Misused, match="no such folder"):
        tools.run(["true"], cwd=Path("/no/such/folder"), echo=False)


def test_input_and_environment_arrive(tmp_path: Path) -> None:
    ran = tools.run(
        ["sh", "-c", "cat; echo $WORD; pwd"], stdin="in\n", env={"WORD": "w"}, cwd=tmp_path, echo=False
    )
    assert ran.output == f"in\nw\n{tmp_path}\n"


def test_secrets_are_neither_shown_nor_returned(capfd: pytest.CaptureFixture[str]) -> None:
    secret = Secret("canary-in-tools")
    ran = tools.run(["sh", "-c", "echo got $WORD"], env={"WORD": secret.reveal()})
    assert ran.output == "got ***\n"
    assert "canary-in-tools" not in capfd.readouterr().out


def test_at_the_timeout_the_program_and_its_children_end(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = f"echo out; sleep 60 & echo $! > {child}; wait"
    with pytest.raises(TimedOut) as error:
        tools.run(["sh", "-c", code], timeout=3, echo=False)
    assert error.value.evidence == ("out",)
    assert _gone(int(child.read_text()))


def test_a_program_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "GRACE", 0.2)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    with pytest.raises(TimedOut):
        tools.run(python(code), timeout=1, echo=False)


def test_interruption_stops_what_other_threads_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    thread = threading.Thread(
        target=lambda: tools.run(["sh", "-c", f"echo $$ > {pid}; exec sleep 60"], check=False, echo=False)
    )
    thread.start()
    _until(lambda: pid.exists() and pid.read_text().strip() != "")
    tools.stop_all()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert _gone(int(pid.read_text()))


def test_interruption_waits_for_a_program_that_is_just_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, start = threading.Event(), threading.Event(), tools._start

    def slowly(*given: object, **more: bool) -> object:
        process = start(*given, **more)
        begun.set()
        assert go_on.wait(60)
        return process

    monkeypatch.setattr(tools, "_start", slowly)
    runner = threading.Thread(target=lambda: tools.run(["sleep", "60"], check=False, echo=False))
    stopper = threading.Thread(target=tools.stop_all)
    runner.start()
    assert begun.wait(60)
    stopper.start()
    stopper.join(0.2)
    assert stopper.is_alive(), "it missed the program that was being started"
    go_on.set()
    for thread in (stopper, runner):
        thread.join(60)
        assert not thread.is_alive()


def test_a_signal_that_comes_while_a_program_is_being_started_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, start = [], tools._start

    def told_to_stop_meanwhile(*given: object, **more: bool) -> object:
        begun.append(start(*given, **more))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)  # a handler runs between two steps of Python, here at the latest
        return begun[0]

    def stop(*_: object) -> None:
        raise Interrupted("it was told to stop")

    before = signal.signal(signal.SIGTERM, stop)
    monkeypatch.setattr(tools, "_start", told_to_stop_meanwhile)
    try:
        with pytest.raises(Interrupted):
            tools.run(["sleep", "300"], check=False, echo=False)
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)
        gone = _gone(begun[0].pid)
        begun[0].kill()
    assert gone, "the program outlived the run"


def _gone(pid: int) -> bool:
    return _until(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def _until(condition: object, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False
