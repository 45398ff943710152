"""[secrets.<name>]: where values are kept that are nobody's business, and what unlocks them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from toolkit.ci.repositories.remote import Remote
from toolkit.settings.tables.fields import Fields
from toolkit.settings.tables.refs import Ref

UNLOCKS = ("git-crypt", "sops")
FOLDER = "{folder}"
"""In a command: the private folder that it writes to."""


class Secrets(NamedTuple):
    """A place that values come from: a repository, what a command writes, or a folder of this one.

    where: the table, for messages. path: the folder in it that {secrets} stands for. home: where a command
    runs. unlock: one of UNLOCKS, "" for what is not encrypted; key: the variable that holds its key, None
    for one that the program finds by itself.
    """

    name: str
    where: str
    home: Path
    repository: Remote | None = None
    command: tuple[str, ...] = ()
    path: str = ""
    unlock: str = ""
    key: Ref | None = None


def secrets(name: str, fields: Fields) -> Secrets:
    """[secrets.<name>]."""
    file = fields.file("path")
    unlock = fields.take("unlock", str, "")
    if unlock and unlock not in UNLOCKS:
        raise fields.error("unlock", f'"{unlock}" is not one of {", ".join(UNLOCKS)}')
    read = Secrets(
        name,
        f"{file.name}: {fields.where}",
        file.folder,
        repository=fields.remote("repository", "ref"),
        command=fields.texts("command"),
        path=fields.take("path", str, ""),
        unlock=unlock,
        key=fields.ref("key"),
    )
    fields.done()
    if read.repository and read.command:
        raise fields.error("command", "is one place for values, `repository` another: keep one of the two")
    if read.command and not any(FOLDER in word for word in read.command):
        raise fields.error("command", f"must write to {FOLDER}, which is not among its words")
    if not (read.repository or read.command or read.path):
        raise fields.error(
            "", "needs a `repository`, a `command` or a `path`: it says of none where values are"
        )
    if Path(read.path).is_absolute() or ".." in Path(read.path).parts:
        raise fields.error("path", f'"{read.path}" leaves the folder that it is in')
    if read.key and not read.unlock:
        raise fields.error("key", "is of an `unlock`, which is missing")
    if read.unlock == "git-crypt" and not read.repository:
        raise fields.error("unlock", "git-crypt unlocks a `repository`, and there is none")
    return read
