"""A cause is told once, while it lasts not again, and once more when it is over."""

from __future__ import annotations

from toolkit.alerting import slack
from toolkit.base.redaction import Secret
from toolkit.watch import causes
from toolkit.watch.causes import Causes
from toolkit.watch.sight import Sight, What


def sight(reason: str = "Error", container: str = "api", what: What = What.RESTART) -> Sight:
    sentence = f"Pod/p container {container} restarted ({reason})"
    return Sight(what, "p", "u", container, reason, sentence, alarm=True, total=1)


def test_it_is_told_once_per_container_and_reason() -> None:
    known = Causes(300)
    assert known.seen(sight(), [], 0)
    assert known.seen(sight(), [], 1) is None
    assert known.seen(sight(what=What.BACK_OFF), [], 2) is None
    assert known.seen(sight("OOMKilled"), [], 3)
    assert known.seen(sight(container="sidecar"), [], 4)
    assert known.known["api", "Error"].times == 3


def test_it_is_over_when_it_was_quiet_for_long_enough_and_can_come_back() -> None:
    known = Causes(300)
    known.seen(sight(), [], 0)
    known.seen(sight(), [], 100)
    assert known.over(set(), 399) == []
    [over] = known.over(set(), 400)
    assert "over" in over.told and over.times == 2
    assert known.over(set(), 800) == []
    again = known.seen(sight(), [], 900)
    assert again is over and again.opened == 2 and again.is_open


def test_a_state_that_lasts_is_not_over() -> None:
    known = Causes(300)
    known.seen(sight(what=What.BACK_OFF), [], 0)
    assert known.over({("api", "Error")}, 1000) == []
    assert known.over(set(), 1299) == []
    assert len(known.over(set(), 1300)) == 1


def test_reasons_without_end_do_not_fill_the_memory() -> None:
    known = Causes(300)
    for number in range(causes.KEPT_CAUSES * 3):
        known.seen(sight(f"reason {number}"), [], float(number))
        known.over(set(), float(number))
    assert len(known.known) == causes.KEPT_CAUSES
    assert ("api", f"reason {number}") in known.known


def test_the_alert_says_what_where_since_when_and_what_to_do_and_no_secret() -> None:
    Secret("canary-of-the-watch")
    lines = [f"log of p/api before the restart: line {n} <!channel> canary-of-the-watch" for n in range(99)]
    known = Causes(300)
    cause = known.seen(sight("OOMKilled"), lines, 0)
    assert cause is not None
    message = causes.raised(cause, "submitter", "live-dev", "abc")
    assert message.plain.startswith("❌ submitter: container api restarts (OOMKilled) in live-dev\n")
    for words in ("Pod/p container api restarted (OOMKilled)", "since", "UTC", "memory limit", "line 98"):
        assert words in message.plain
    assert "make rollback APP=submitter ENV=live-dev" in message.plain
    whole = f"{message.text}{message.blocks}{message.plain}"
    assert "canary-of-the-watch" not in whole
    assert "<!channel>" not in f"{message.text}{message.blocks}"
    assert all(len(str(block)) < slack.SECTION_LIMIT for block in message.blocks)
    over = causes.ended(cause, "submitter", "live-dev", 300)
    assert over.text == "✅ submitter: over in live-dev: no restart of api (OOMKilled) for 5 min"
