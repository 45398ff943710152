"""How slow a node is: from its words, and by its seed."""

from __future__ import annotations

import pytest

from sandbox.node.timing.slowness import PULL, START, Slowness


def test_nothing_said_is_a_node_that_makes_nobody_wait() -> None:
    quick = Slowness.of("")
    assert not quick and not quick.has_to_pull("web", "Always")
    assert quick.pull() == quick.start() == quick.first_look(10) == 0


@pytest.mark.parametrize("text", ["3:7", "random:7", "0.5:1"])
def test_the_same_seed_is_the_same_node(text: str) -> None:
    one, other = Slowness.of(text), Slowness.of(text)
    again = Slowness.of(str(one))
    for node in (other, again):
        assert node.factor == one.factor and node.seed == one.seed
    drawn = [[node.pull(), node.start(), node.first_look(5)] for node in (one, other, again)]
    assert drawn[0] == drawn[1] == drawn[2]


def test_times_are_in_proportion() -> None:
    slow = Slowness.of("3")
    for _ in range(100):
        assert 3 * PULL[0] <= slow.pull() <= 3 * PULL[1]
        assert 3 * START[0] <= slow.start() <= 3 * START[1]
        assert 0 <= slow.first_look(10) <= 10


def test_an_image_is_pulled_once_unless_it_is_wanted_anew() -> None:
    slow = Slowness.of("1")
    assert slow.has_to_pull("web", "IfNotPresent") and not slow.has_to_pull("web", "IfNotPresent")
    assert slow.has_to_pull("web", "Always") and slow.has_to_pull("other", "IfNotPresent")
    assert not slow.has_to_pull("third", "Never")


@pytest.mark.parametrize("text", ["very", "-1", "nan", "3:x", "1001", ":7"])
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Slowness.of(text)
