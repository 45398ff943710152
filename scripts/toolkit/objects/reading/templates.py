"""Jinja templates to text: undefined variables are errors; an error names the file and line that hold it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import jinja2
from jinja2 import meta

from toolkit.base.outcome import Misused
from toolkit.objects.reading import origin, secrecy
from toolkit.objects.reading.source import Source, Written, shown

# Without one of these a file is no template, and Jinja, which costs more than YAML, is left out.
_MARKS = ("{{", "{%", "{#")
_REFERS = re.compile(r"{%[-+]?\s*(?:include|import|from|extends)\b")
_UNDEFINED = re.compile(r"(?:'[\w.]+ object' has no attribute )?'([A-Za-z_]\w*)'(?: is undefined)?")
_RAISED = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)


class Templates:
    """The templates of a folder, with what they may say."""

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.folder = folder
        self.variables = variables
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701 - YAML, not HTML
            keep_trailing_newline=True,
        )
        self.environment.globals.update(functions or {})
        self.environment.filters["b64encode"] = lambda value: base64.b64encode(str(value).encode()).decode()
        self.environment.filters["b64decode"] = lambda value: base64.b64decode(str(value)).decode()

    def source(self, file: Path) -> Source:
        """A file of the folder, rendered. Raises Misused."""
        text = _text(file)
        if not any(mark in text for mark in _MARKS):
            return Source(file, text)
        try:
            template = self.environment.get_template(file.relative_to(self.folder).as_posix())
            made = template.render(self.variables)
        except _RAISED as error:
            self._refuse(file, error)
        return Source(
            file, made, rendered=True, written=lambda line: origin.of(template, self.variables, made, line)
        )

    def _refuse(self, file: Path, error: Exception) -> NoReturn:
        written, files = self._where(file, error)
        words = _words(error, written, secret=secrecy.may_be_secret("\n".join(map(_quiet_text, files))))
        evidence = [] if words else [secrecy.WITHHELD]
        raise Misused(f"{written}: {words or _kind_of(error)}", evidence=evidence) from None

    def _where(self, file: Path, error: Exception) -> tuple[Written, list[Path]]:
        """The line that failed with the chain to it, and every file of the chain."""
        found = _frames(error.__traceback__, self.folder)
        if isinstance(error, jinja2.TemplateSyntaxError):
            broken = Path(error.filename) if error.filename else file
            if not found or found[-1][0] != broken or found[-1][1] != error.lineno:
                found.append((broken, error.lineno))
        if not found:
            found = [(file, 1)]
        *by, (last, line) = found
        return Written(last, line, tuple(reversed(by))), [each for each, _ in found]


def referenced(folder: Path, files: Iterable[Path]) -> frozenset[Path]:
    """The files that others of these include, import or extend by name: parts, no manifests of their own."""
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - parses only
    found: set[Path] = set()
    for file in files:
        text = _quiet_text(file)
        if _REFERS.search(text):
            try:
                names = meta.find_referenced_templates(environment.parse(text))
                found |= {folder / name for name in names if name and folder / name != file}
            except jinja2.TemplateError:
                continue  # told when it is rendered
    return frozenset(found)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Misused(f"{shown(file)}: is not UTF-8 text") from None
    except OSError as error:
        raise Misused(f"{shown(file)}: cannot be read: {error.strerror}") from None


def _quiet_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _frames(frame: TracebackType | None, folder: Path) -> list[tuple[Path, int]]:
    """The lines of templates on the way to an error, outermost first: Jinja puts them into the traceback."""
    found: list[tuple[Path, int]] = []
    while frame is not None:
        file = Path(frame.tb_frame.f_code.co_filename)
        if file.is_relative_to(folder):
            # A block or a macro of the same file is a frame of its own: where it failed is what counts.
            if found and found[-1][0] == file:
                found.pop()
            found.append((file, frame.tb_lineno))
        frame = frame.tb_next
    return found


def _words(error: Exception, written: Written, *, secret: bool) -> str:
    """What went wrong; "" for what may quote a value of a Secret."""
    if isinstance(error, UnicodeDecodeError):
        return "what it includes is not UTF-8 text"
    if isinstance(error, RecursionError):
        return "it includes itself, or a macro calls itself without end"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no {error.name} in the folder of the manifests"
    words = str(error.message if isinstance(error, jinja2.TemplateError) else error) or type(error).__name__
    if not secret:
        return words
    if isinstance(error, jinja2.TemplateSyntaxError):
        return secrecy.without_quotes(words)
    # A name that stands in the template is no value.
    lines = _quiet_text(written.file).splitlines()[written.line - 1 : written.line]
    found = _UNDEFINED.fullmatch(words)
    if found and any(re.search(rf"(?<!['\"\w]){found[1]}\b", line) for line in lines):
        return words
    return ""


def _kind_of(error: Exception) -> str:
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (jinja2.UndefinedError, "something is undefined"),
        (jinja2.TemplateError, "the template failed"),
        (TypeError, "a value has the wrong type"),
        (LookupError, "something that is looked up is not there"),
        (ArithmeticError, "a calculation failed"),
    )
    return next(
        (words for kind, words in kinds if isinstance(error, kind)), "a value is not what it should be"
    )
