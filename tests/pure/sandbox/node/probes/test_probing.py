"""Probe thresholds, back-off, and other numbers a kubelet has."""

from __future__ import annotations

import pytest

from sandbox.node.network.addresses import PodAddresses
from sandbox.node.probes.handlers import dial_words, port_of
from sandbox.node.probes.probing import Settings, Tracker, eager_looks
from sandbox.node.timing.backoff import Backoff
from sandbox.node.timing.durations import go_duration, rfc3339, seconds_of


def verdicts(results: str, **numbers: int) -> str:
    """+ passed, - failed, . no verdict; for results of + and -."""
    tracker = Tracker(Settings(**numbers))
    marks = {True: "+", False: "-", None: "."}
    return "".join(marks[tracker.observe(result == "+")] for result in results)


@pytest.mark.parametrize(
    ("results", "successes", "failures", "expected"),
    [
        ("+", 1, 3, "+"),
        ("---", 1, 3, "..-"),
        ("--+--+", 1, 3, "..+..+"),
        ("----", 1, 3, "..--"),
        ("+-+", 2, 1, ".-."),
        ("+++", 3, 1, "..+"),
        ("++-++", 2, 2, ".+..+"),
    ],
)
def test_thresholds_count_results_in_a_row(
    results: str, successes: int, failures: int, expected: str
) -> None:
    assert verdicts(results, successes=successes, failures=failures) == expected


def test_settings_have_the_defaults_of_the_api() -> None:
    assert Settings.of({}) == Settings(0, 10, 1, 1, 3, None)
    given = {
        "periodSeconds": 2,
        "initialDelaySeconds": 3,
        "timeoutSeconds": 4,
        "failureThreshold": 5,
        "successThreshold": 6,
        "terminationGracePeriodSeconds": 7,
    }
    assert Settings.of(given) == Settings(3, 2, 4, 6, 5, 7)


def test_extra_looks_are_dense_at_first_and_stay_within_the_period() -> None:
    looks = eager_looks(10)
    gaps = [after - before for before, after in zip([0.0, *looks], looks, strict=False)]
    assert looks[0] == 0.05 and max(looks) < 10 and max(gaps) <= 1.0
    assert gaps == sorted(gaps)
    assert eager_looks(0.04) == []


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (10, "10s"),
        (80, "1m20s"),
        (300, "5m0s"),
        (0.2, "200ms"),
        (1.5, "1.5s"),
        (3661, "1h1m1s"),
        (0.0005, "0.5ms"),
    ],
)
def test_durations_as_go_prints_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_times() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert seconds_of("2026-01-02T03:04:05Z") == seconds_of("2026-01-02T04:04:05.000+01:00")


@pytest.mark.parametrize(("port", "number"), [(80, 80), ("80", 80), ("http", 3000)])
def test_ports_by_number_and_name(port: int | str, number: int) -> None:
    assert port_of(port, {"http": 3000}) == number


@pytest.mark.parametrize("port", ["web", 0, 70000, None])
def test_ports_that_are_none(port: object) -> None:
    with pytest.raises(ValueError, match="port"):
        port_of(port, {"http": 3000})


def test_a_refused_connection_in_the_words_of_go() -> None:
    assert dial_words("127.9.1.1", 3000, ConnectionRefusedError(111, "Connect call failed")) == (
        "dial tcp 127.9.1.1:3000: connect: connection refused"
    )


def test_addresses_are_not_reused_soon_and_never_twice() -> None:
    addresses = PodAddresses(9)
    first, second = addresses.take(), addresses.take()
    assert (first, second) == ("127.9.1.1", "127.9.1.2")
    addresses.release(first)
    assert addresses.take() == "127.9.1.3"
    assert addresses.claim("127.9.1.1") and not addresses.claim("127.9.1.1")
    assert not addresses.claim("127.8.1.1") and not addresses.claim("127.9.128.1")


def test_addresses_run_out_and_skip_what_looks_like_a_broadcast() -> None:
    addresses = PodAddresses(9)
    taken = set()
    with pytest.raises(RuntimeError, match="no pod address is free"):
        while True:
            taken.add(addresses.take())
    assert len(taken) == 127 * 254
    assert not any(address.endswith((".0", ".255")) for address in taken)
