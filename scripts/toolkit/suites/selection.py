"""Which tests of a suite are to run: a part of them, some of them again, or all of them many times."""

from __future__ import annotations

import argparse
import re
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings import flags

FAILED = "failed"
_MOST = 1000


class Selection(NamedTuple):
    """shard: (number, of), from 1; repeat: how often each test runs; only: "failed" or ""; keeps: whether the
    durations are to be written into the app's folder."""

    shard: tuple[int, int] | None = None
    repeat: int = 1
    only: str = ""
    keeps: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether a pass says less than that the suite passes."""
        return self.shard is not None or bool(self.only)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a script that runs a suite."""
    parser.add_argument("--shard", default="", metavar="N/OF", help="one part of the tests, e.g. 2/4")
    parser.add_argument(
        "--repeat",
        default="",
        metavar="TIMES",
        help="each test that often: names flaky ones",
    )
    parser.add_argument("--only", default="", metavar="failed", help="only what failed when it last ran")
    parser.add_argument(
        "--keep-durations", action="store_true", help="write how long tests take into the app's folder"
    )
    flags.any_version(parser)


def of(options: argparse.Namespace) -> Selection:
    """What the flags say; everything for a script that has none. Raises Misused."""
    found = Selection(
        _shard(getattr(options, "shard", "")),
        _repeat(getattr(options, "repeat", "")),
        _only(getattr(options, "only", "")),
        bool(getattr(options, "keep_durations", False)),
    )
    if found.keeps and found.is_partial:
        raise Misused("KEEP_DURATIONS=1 needs the whole suite", remedy="leave out SHARD and ONLY")
    return found


def _shard(word: str) -> tuple[int, int] | None:
    if not word:
        return None
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", word)
    number, count = (int(part) for part in found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise Misused(f"SHARD={word}: is no part of a whole", remedy="say it as 2/4, from 1/4 to 4/4")
    return number, count


def _repeat(word: str) -> int:
    if not word:
        return 1
    if not word.isascii() or not word.isdecimal() or not 1 <= int(word) <= _MOST:
        raise Misused(f"REPEAT={word}: is no number of times", remedy=f"say it as 20, at most {_MOST}")
    return int(word)


def _only(word: str) -> str:
    if word not in ("", FAILED):
        raise Misused(f"ONLY={word}: is not known", remedy="the one word that it takes is ONLY=failed")
    return word
