"""Opens a report that some program left: there, a file, of a size, of its form; or one sentence why not."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.outcome import Failed
from toolkit.base.redaction import redact

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 64 * 1024 * 1024
"""A report that has more bytes than this is not read."""


class NotReadable(Failed):
    """A report that is missing, broken, too large, or of another form."""


def text(report: Path, what: str) -> str:
    """All of a report, as text. what: its format, for people. Raises NotReadable."""
    return content(report, what).decode("utf-8", errors="replace").removeprefix("\ufeff")


def content(report: Path, what: str) -> bytes:
    """All of a report. Raises NotReadable when it is missing, no file, empty or too large."""
    try:
        about = report.stat()
        if not stat.S_ISREG(about.st_mode):
            raise NotReadable(f"{report}: is no file, where a report ({what}) was expected")
        if about.st_size > LARGEST:
            raise NotReadable(
                f"{report}: has {about.st_size / 1e6:.0f} MB; of a report {LARGEST / 1e6:.0f} MB are read",
                remedy="have the program report less, or split what it looks at",
            )
        read = report.read_bytes()
    except FileNotFoundError:
        raise NotReadable(f"there is no report ({what}) at {report}") from None
    except OSError as error:
        raise NotReadable(f"{report}: cannot be read: {error.strerror}") from None
    if not read.strip():
        raise NotReadable(f"{report}: is empty, where a report ({what}) was expected")
    return read


def document(report: Path, what: str) -> Any:
    """A report's JSON. Raises NotReadable."""
    return parsed(text(report, what), str(report), what)


def parsed(given: str, name: str, what: str) -> Any:
    """JSON of a report that is named so. Raises NotReadable."""
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise NotReadable(f"{name}: is no JSON ({what} was expected): {problem}") from None


def of_another_form(report: Path, what: str, error: Exception) -> NotReadable:
    """What is raised for a document that can be read and is not what it should be."""
    shown = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return NotReadable(f"{report}: is not {what}: {shown}")


def xml(report: Path, what: str, roots: Sequence[str] = ()) -> Element:
    """The root of a report's XML, which must be one of these. Raises NotReadable.

    Entities are refused before one is expanded: a few bytes of them can fill the memory, or name files.
    """
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    def refuse(name: str, *_: object) -> None:
        raise NotReadable(f"{report}: declares an entity ({name[:40]}), which no report needs: not read")

    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content(report, what), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise NotReadable(f"{report}: is broken XML ({what} was expected): {error}") from None
    root: Element = builder.close()
    if roots and root.tag not in roots:
        raise NotReadable(f"{report}: is not {what}: it begins with <{root.tag}>")
    return root


def without_secrets(report: Path) -> None:
    """Take what is known to be a secret out of a report that is kept: a test may have printed its variables.

    In XML a secret may be escaped, so each text of it is looked at by itself.
    """
    if not report.is_file():
        return
    if report.stat().st_size > LARGEST:
        report.unlink()  # nobody reads it, and what is in it is not known
        return
    given = report.read_text(encoding="utf-8", errors="replace")
    kept: str = redact(given)
    if kept.lstrip("\ufeff \n").startswith("<"):
        kept = _redacted_xml(report, kept)
    if kept != given:
        report.write_text(kept, encoding="utf-8")


def _redacted_xml(report: Path, otherwise: str) -> str:
    from xml.etree.ElementTree import tostring

    try:
        root = xml(report, "XML")
    except NotReadable:
        return otherwise
    changed = False
    for element in root.iter():
        for name, value in element.attrib.items():
            if (masked := redact(value)) != value:
                element.attrib[name], changed = masked, True
        for part in ("text", "tail"):
            value = getattr(element, part)
            if value and (masked := redact(value)) != value:
                setattr(element, part, masked)
                changed = True
    return tostring(root, encoding="unicode") if changed else otherwise
