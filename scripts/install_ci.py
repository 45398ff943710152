"""Puts the pipeline where a CI system looks for it, or says whether the definition there is still ours."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from toolkit.base.outcome import Failed, Misused, Outcome, Refused
from toolkit.settings import command

# From below ci/ to where the vendor looks, from the top of the repository. A new system is a new row.
SYSTEMS: dict[str, dict[str, str]] = {
    "circleci": {"circleci/config.yml": ".circleci/config.yml"},
    "github": {
        "github/pipeline.yml": ".github/workflows/pipeline.yml",
        "github/stage/action.yml": ".github/actions/stage/action.yml",
    },
}


def install(request: command.Request) -> Outcome:
    """Copy the files of a system; all of them or none."""
    options = request.options
    if options.system not in SYSTEMS:
        named = f"SYSTEM={options.system} is not known" if options.system else "SYSTEM is missing"
        raise Misused(named, remedy=f"systems: {', '.join(SYSTEMS)}; see ci/README.md for any other")
    texts = {
        request.root / target: _text(request.root / "ci" / source)
        for source, target in SYSTEMS[options.system].items()
    }
    shown = {file: str(file.relative_to(request.root)) for file in texts}
    missing = [shown[file] for file in texts if not file.is_file()]
    different = [shown[file] for file, text in texts.items() if file.is_file() and _text(file) != text]
    again = f"make ci-install SYSTEM={options.system}"
    if options.check:
        if missing or different:
            states = [*(f"{name} is missing" for name in missing), *(f"{name} differs" for name in different)]
            raise Failed(f"{' and '.join(states)} (compared with ci/)", remedy=f"{again} FORCE=1")
        return Outcome(reason=f"{', '.join(shown.values())}: as in ci/")
    if different and not options.force:
        raise Refused(
            f"{' and '.join(different)} {'is' if len(different) == 1 else 'are'} there already and not ours",
            remedy=f"compare with ci/, then replace: {again} FORCE=1",
        )
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    request.say(f"written: {', '.join(shown.values())} — commit, and set what ci/README.md lists")
    return Outcome()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misused(f"{file}: cannot be read as text") from None


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("--system", metavar="SYSTEM", default="", help=" or ".join(SYSTEMS))
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    parser.add_argument("--force", action="store_true", help="replace files that differ")


if __name__ == "__main__":
    sys.exit(
        command.main(
            install, stage="ci-install", help=__doc__ or "", app="none", arguments=flags, record=False
        )
    )
