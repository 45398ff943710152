"""`bundle install` and `bundle exec <tool>`: the tools of the Ruby apps.

Runs as a program, with nothing of the tests to import.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import specs

LONG = 110
_EVAL = re.compile(r"\beval\(")
_GEM = re.compile(r"^    (\S+) \(([^)]+)\)$", re.MULTILINE)


def install(words: Sequence[str]) -> int:
    """Put what Gemfile.lock names where BUNDLE_PATH says, and write down that it was done."""
    lock = Path("Gemfile.lock")
    if not lock.is_file():
        print("Could not locate Gemfile", file=sys.stderr)
        return 10
    home = Path(os.environ.get("BUNDLE_PATH", "vendor/bundle"))
    home.mkdir(parents=True, exist_ok=True)
    for name, version in _GEM.findall(lock.read_text(encoding="utf-8")):
        (home / f"{name}-{version}").touch()
    with (home / "installed").open("a", encoding="utf-8") as log:
        log.write("once\n")
    print(f"Bundle complete! {len(_GEM.findall(lock.read_text(encoding='utf-8')))} gems now installed.")
    return 0


def rubocop(words: Sequence[str]) -> int:
    """Lines that are too long, as `rubocop --format json` tells them."""
    parser = argparse.ArgumentParser("rubocop", add_help=False)
    parser.add_argument("--format", "-f")
    parser.add_argument("--out", "-o")
    given, _ = parser.parse_known_args(words)
    files = []
    for path in _code():
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        files.append(
            {"path": str(path), "offenses": [_offence(n, line) for n, line in lines if len(line) > LONG]}
        )
    count = sum(len(file["offenses"]) for file in files)
    summary = {"offense_count": count, "target_file_count": len(files), "inspected_file_count": len(files)}
    metadata = {"rubocop_version": "1.75.2", "ruby_engine": "ruby", "ruby_version": "3.3.8"}
    _leave({"metadata": metadata, "files": files, "summary": summary}, given.out)
    return 1 if count else 0


def _offence(number: int, line: str) -> dict[str, object]:
    place = {"start_line": number, "start_column": LONG + 1, "last_line": number, "last_column": len(line)}
    return {
        "severity": "convention",
        "message": f"Layout/LineLength: Line is too long. [{len(line)}/{LONG}]",
        "cop_name": "Layout/LineLength",
        "corrected": False,
        "correctable": False,
        "location": {**place, "length": len(line) - LONG, "line": number, "column": LONG + 1},
    }


def brakeman(words: Sequence[str]) -> int:
    """Calls of eval, as `brakeman --format json` tells them."""
    parser = argparse.ArgumentParser("brakeman", add_help=False)
    parser.add_argument("--output", "-o")
    given, _ = parser.parse_known_args(words)
    warnings = [
        {
            "warning_type": "Dangerous Eval",
            "warning_code": 13,
            "fingerprint": "0" * 64,
            "check_name": "Evaluation",
            "message": "Dynamic string evaluated as code",
            "file": str(path),
            "line": number,
            "link": "https://brakemanscanner.org/docs/warning_types/dangerous_eval/",
            "code": None,
            "render_path": None,
            "location": None,
            "user_input": None,
            "confidence": "Weak",
            "cwe_id": [913, 95],
        }
        for path in _code()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _EVAL.search(line)
    ]
    info = {
        "app_path": str(Path.cwd()),
        "rails_version": "7.2.2",
        "security_warnings": len(warnings),
        "start_time": "2026-01-01 00:00:00 +0000",
        "end_time": "2026-01-01 00:00:01 +0000",
        "duration": 1.0,
        "checks_performed": ["Evaluation"],
        "number_of_controllers": 1,
        "number_of_models": 1,
        "number_of_templates": 0,
        "ruby_version": "3.3.8",
        "brakeman_version": "7.0.2",
    }
    lists: dict[str, list[object]] = {"ignored_warnings": [], "errors": [], "obsolete": []}
    _leave({"scan_info": info, "warnings": warnings, **lists}, given.output)
    return 3 if warnings else 0


def audit(words: Sequence[str]) -> int:
    """Gems with advisories, as `bundle-audit check --format json` tells them: there are none."""
    parser = argparse.ArgumentParser("bundle-audit", add_help=False)
    parser.add_argument("--output", "-o")
    given, _ = parser.parse_known_args(words)
    _leave({"version": "0.9.2", "created_at": "2026-01-01 00:00:00 +0000", "results": []}, given.output)
    return 0


def rspec(words: Sequence[str]) -> int:
    """Run specs; JUnit as RspecJunitFormatter writes it, coverage as SimpleCov does."""
    parser = argparse.ArgumentParser("rspec", add_help=False)
    parser.add_argument("--out", "-o")
    parser.add_argument("--format", "-f")
    parser.add_argument("paths", nargs="*")
    given, _ = parser.parse_known_args(words)
    ran = specs.run([Path(path) for path in given.paths] or [Path("spec")], measured=_code())
    if given.out:
        specs.write(Path(given.out), specs.junit(ran, "rspec"))
    if ran.lines:
        covered = {str(path.resolve()): {"lines": lines} for path, lines in ran.lines.items()}
        specs.write(
            Path("coverage/.resultset.json"), json.dumps({"RSpec": {"coverage": covered, "timestamp": 1}})
        )
    print(f"{len(ran.examples)} examples, {ran.failures} failures")
    return 1 if ran.failures or not ran.examples else 0


def _code() -> list[Path]:
    return [path for path in (Path("app.py"),) if path.is_file()]


def _leave(report: object, out: str | None) -> None:
    text = json.dumps(report)
    if out:
        specs.write(Path(out), text)
    else:
        print(text)


EXEC: dict[str, Callable[[Sequence[str]], int]] = {
    "rubocop": rubocop,
    "brakeman": brakeman,
    "bundle-audit": audit,
    "bundler-audit": audit,
    "rspec": rspec,
}


def main(argv: Sequence[str]) -> int:
    """`bundle <words>`"""
    if argv[:1] == ["install"]:
        return install(argv[1:])
    if argv[:1] == ["exec"] and len(argv) > 1 and argv[1] in EXEC:
        return EXEC[argv[1]](argv[2:])
    print(f"bundler: command not found: {' '.join(argv)}", file=sys.stderr)
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
