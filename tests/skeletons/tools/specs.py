"""Runs specs: functions `test_*` of files `*_spec.py`; what came of them, and which lines of the code ran."""

from __future__ import annotations

import importlib.util
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr


class Example(NamedTuple):
    """One that ran."""

    file: Path
    name: str
    seconds: float
    failure: str
    """A traceback; "" where it passed."""


class Ran(NamedTuple):
    """All that ran."""

    examples: list[Example]
    lines: dict[Path, list[int | None]]
    """How often each line of the code ran; None where there is nothing to run."""

    @property
    def failures(self) -> int:
        return sum(bool(example.failure) for example in self.examples)


def run(paths: Iterable[Path], measured: Sequence[Path] = ()) -> Ran:
    """Run what is in these files and folders."""
    files = [
        file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*_spec.py")))
    ]
    counts: dict[tuple[str, int], int] = {}
    wanted = {str(path.resolve()) for path in measured}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in wanted:
            return None
        if event == "line":
            place = (frame.f_code.co_filename, frame.f_lineno)
            counts[place] = counts.get(place, 0) + 1
        return trace

    sys.path.insert(0, str(Path.cwd()))
    sys.dont_write_bytecode = True
    sys.settrace(trace)
    try:
        examples = [example for file in files for example in _of(file)]
    finally:
        sys.settrace(None)
    lines = {
        path: [
            counts.get((str(path.resolve()), n), 0) if n in runnable else None for n in range(1, length + 1)
        ]
        for path in measured
        for runnable, length in [_runnable(path)]
    }
    return Ran(examples, lines)


def _of(file: Path) -> list[Example]:
    """The examples of a file, run; one that cannot be loaded is one that failed."""
    found: list[Example] = []

    def attempt(name: str, call: Callable[[], object]) -> None:
        begun, failure = time.monotonic(), ""
        try:
            call()
        except BaseException:
            failure = traceback.format_exc()
        found.append(Example(file, name, time.monotonic() - begun, failure))

    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        text = traceback.format_exc()
        return [Example(file, "an error occurred outside of examples", 0.0, text)]
    for name, value in list(vars(module).items()):
        if name.startswith("test_") and callable(value):
            attempt(name.removeprefix("test_").replace("_", " "), value)
    return found


def _runnable(path: Path) -> tuple[set[int], int]:
    text = path.read_text(encoding="utf-8")
    found: set[int] = set()

    def add(code: CodeType) -> None:
        found.update(line for _, _, line in code.co_lines() if line)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                add(constant)

    add(compile(text, str(path), "exec"))
    return found, len(text.splitlines())


def junit(ran: Ran, suite: str) -> str:
    """As RspecJunitFormatter writes it."""
    rows = []
    for example in ran.examples:
        kind = str(example.file.with_suffix("")).strip("./").replace("/", ".")
        head = (
            f"<testcase classname={quoteattr(kind)} name={quoteattr(example.name)}"
            f' file={quoteattr("./" + str(example.file))} time="{example.seconds:.6f}"'
        )
        if example.failure:
            said = example.failure.strip().splitlines()[-1]
            failure = f'<failure message={quoteattr(said)} type="ExpectationNotMetError">'
            rows.append(f"{head}>{failure}{escape(example.failure)}</failure></testcase>")
        else:
            rows.append(f"{head}/>")
    total = sum(example.seconds for example in ran.examples)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="{suite}" tests="{len(ran.examples)}" skipped="0" failures="{ran.failures}"'
        f' errors="0" time="{total:.6f}" timestamp="2026-01-01T00:00:00+00:00" hostname="here">\n'
        '<properties><property name="seed" value="1"/></properties>\n' + "\n".join(rows) + "\n</testsuite>\n"
    )


def write(path: Path, text: str) -> None:
    """A report, in a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
