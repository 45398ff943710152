"""What git says of a repository that cannot be had, as a sentence with a remedy.

Another thing that git says is a row here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.ci.git import Said
from toolkit.ci.repositories.remote import Remote


class Way(StrEnum):
    """What may still be tried: nothing, the same a moment later, or all of the repository."""

    NONE = ""
    AGAIN = "again"
    WHOLE = "whole"


class Trouble(Misused):
    """A repository elsewhere, or a part of it, cannot be had; and what may still be tried."""

    way = Way.NONE


class _Row(NamedTuple):
    words: str
    reason: str
    remedy: str
    way: Way = Way.NONE


_SHOWS = "git ls-remote {url} shows the same"
_LOOK = f"{_SHOWS}: is the address right, and the network there?"
_FULL = "df -h shows which disk is full: make room there"
_ROWS = (
    # The repository itself is there: one commit, or so little of the history, cannot be had.
    _Row(
        r"unadvertised object|find remote ref|shallow|dumb http|Direct fetching of that commit failed",
        "{url} gives no single commits: {why}",
        _SHOWS,
        Way.WHOLE,
    ),
    _Row(
        r"not our ref",
        "{url} has no commit {ref}: {why}",
        "is it pushed? a commit of a fork has the fork's address",
    ),
    _Row(
        r"[Nn]o space left on device|[Dd]isk quota exceeded|File too large",
        "there is no room for {url} on this disk: {why}",
        _FULL,
    ),
    _Row(
        r"transport '[^']*' not allowed",
        "{url} leads to a transport that is not taken: {why}",
        "https, http, ssh and git are; file only where the repository itself is one",
    ),
    _Row(
        r"smudge filter lfs failed|git-lfs[^\n]*not found",
        "git LFS is set up for this user and cannot fetch files of {url}: {why}",
        "install git-lfs, or git lfs uninstall if it is not wanted",
    ),
    _Row(
        r"could not read (?:Username|Password)|Authentication failed|returned error: 40[13]|Permission denied"
        r"|Host key verification failed|terminal prompts disabled|access denied(?! or)|not authorized",
        "{url} refuses the credentials, {credentials}: {why}",
        f"{_SHOWS}; give git others for it, or ask for access",
    ),
    _Row(
        r"not found|does not appear to be a git repository|not a git repository|does not exist|not exported"
        r"|returned error: 404",
        "there is no repository at {url}, or none for {credentials}: {why}",
        f"correct the address; {_SHOWS}",
    ),
    _Row(
        r"returned error: (?:5\d\d|429)|Connection (?:refused|reset|timed out)|Failed to connect|early EOF"
        r"|Could not resolve|unable to (?:look up|connect)|No route to host|Network is unreachable"
        r"|hung up unexpectedly|unexpected disconnect|Empty reply|transfer closed|Connection closed by",
        "{url} cannot be reached: {why}",
        _LOOK,
        Way.AGAIN,
    ),
    _Row(r"", "{url} cannot be reached: {why}", _LOOK),
)


def trouble(where: str, remote: Remote, said: Said) -> Trouble:
    """The sentence; where is the key that names the repository."""
    text = f"{said.errors}\n{said.complaint}"
    row = next(row for row in _ROWS if re.search(row.words, text, re.I))
    words = {"url": remote.url, "ref": remote.ref, "credentials": remote.credentials, "why": said.complaint}
    error = Trouble(
        f"{where}: {row.reason.format_map(words)}",
        remedy=row.remedy.format_map(words),
        evidence=[line for line in said.errors.splitlines() if line.strip()][-4:],
    )
    error.way = row.way
    return error
