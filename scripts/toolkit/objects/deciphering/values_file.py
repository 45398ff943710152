"""A file of values, in the chart or from secrets, as one table. One from secrets is never quoted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.objects.deciphering import unlocking
from toolkit.objects.deciphering.elsewhere import Opened
from toolkit.objects.reading import documents
from toolkit.objects.reading.source import Source, shown
from toolkit.settings.said.words import nearest

Json = dict[str, Any]


@dataclass(frozen=True)
class _Private(Source):
    def is_secret(self, line: int) -> bool:  # noqa: ARG002 - each
        """Every line is one."""
        return True


def in_folder(app: str, chart: Path, name: str) -> Json:
    """A file beside the chart's own. Raises Misused for one that is missing, locked or no table."""
    file = chart / name
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        every = [each.relative_to(chart) for each in chart.rglob("*.y*ml")]
        there = [each.as_posix() for each in every if not {"templates", "charts"} & set(each.parts)]
        raise Misused(
            f"{app}: there is no values file {name} in {shown(chart)}{nearest(name, there)}",
            remedy=f"correct `values` of [apps.{app}] in apps.toml: its paths are relative to the chart",
        ) from None
    except OSError as error:
        raise Misused(f"{app}: {file} cannot be read: {error.strerror}") from None
    _refuse_locked(str(shown(file)), content, None)
    found = _table(Source(file, _text(str(shown(file)), content)))
    _refuse_locked(str(shown(file)), content, found)
    return found


def in_secrets(opened: Opened, name: str) -> Json:
    """A file from elsewhere, unlocked. Raises Misused; what is in it is in no sentence."""
    secrets = opened.secrets
    where = f"{{secrets}}/{name} of {secrets.where}"
    if name not in opened.files:
        raise Misused(
            f"{where}: there is no such file{nearest(name, opened.files)}",
            remedy=f"correct `values` of the app, or the `path` of {secrets.where}",
        )
    content = opened.files[name]
    _refuse_locked(where, content, None)
    file = Path("{secrets}", name)
    found = _table(_Private(file, _text(where, content)))
    if unlocking.locked_by(content, found) and secrets.unlock == unlocking.SOPS:
        found = _table(_Private(file, unlocking.one(secrets, name, content)))
    _refuse_locked(where, b"", found)
    return found


def _text(where: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Misused(f"{where}: is not UTF-8 text") from None


def _table(source: Source) -> Json:
    found = list(documents.read(source))
    if len(found) > 1:
        raise Misused(f"{found[1][0]}: a values file is one document, and this is a second one")
    if not found:
        return {}
    place, value = found[0]
    if not isinstance(value, dict):
        raise Misused(f"{place}: a values file is a table (key: value), and this is none")
    return value


def _refuse_locked(where: str, content: bytes, value: Any) -> None:
    if by := unlocking.locked_by(content, value):
        raise Misused(
            f"{where}: is encrypted by {by}, and locked",
            remedy=f'say in a table [secrets.<name>] of apps.toml where it is, with unlock = "{by}" and its '
            "key, and name the file as {secrets}/<file>",
        )
