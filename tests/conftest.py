"""What every ring needs."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from toolkit.base import redaction

# What these assert is told as in a test: with the values.
pytest.register_assert_rewrite(
    "tests.pure.cluster.diagnosis.case", "tests.pure.cluster.verdict.playing", "tests.pure.objects.comes_to"
)

# Started in the background of a shell without job control, Ctrl-C is ignored here and in all that is started
# from here; the tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is: no test of ours is a timed one.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def _secrets_of_its_own() -> Iterator[None]:
    """What one test registers as a secret is none to the next."""
    before = set(redaction._registered)
    yield
    redaction._registered.intersection_update(before)
