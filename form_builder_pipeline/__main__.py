"""The command `pipeline`: says what there is, and hands over to the script that does it, in this process."""

from __future__ import annotations

import difflib
import os
import runpy
import sys
from collections.abc import Sequence

from form_builder_pipeline import __version__, own_files, places, words
from form_builder_pipeline.table import GROUPS, ROWS, Row
from form_builder_pipeline.words import Misused

MISUSED = 2
OWN = {
    "init": (own_files.init, "a first pipeline.toml and Makefile.pipeline, in this folder"),
    "makefile": (own_files.makefile, "write Makefile.pipeline: the same as targets of make"),
}
"""What is done here, because no script does it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for, and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        return _main(given)
    except Misused as error:
        print(f"pipeline: {error.reason}", file=sys.stderr)
        if error.remedy:
            print(f"  fix: {error.remedy}", file=sys.stderr)
        return MISUSED


def _main(given: list[str]) -> int:
    by_make = given[:1] == [words.BY_MAKE]
    given = given[1:] if by_make else given
    if not given or given[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if given else MISUSED
    if given[0] in ("--version", "version"):
        print(f"form-builder-pipeline {__version__}")
        return 0
    if given[0] in OWN:
        return OWN[given[0]][0](given[1:])
    row, rest = _row(given)
    return _hand_over(row, words.argv(row, rest, by_make=by_make), words.DIALECT[by_make])


def _row(given: list[str]) -> tuple[Row, list[str]]:
    """`sandbox up` is sandbox-up, and `pipeline` what make calls so."""
    name = "run" if given[0] == "pipeline" else given[0]
    if name not in ROWS and "-".join(given[:2]) in ROWS:
        return ROWS["-".join(given[:2])], given[2:]
    if name in ROWS:
        return ROWS[name], given[1:]
    near = difflib.get_close_matches(name, [*ROWS, *OWN], n=1)
    remedy = f"pipeline {near[0]}" if near else "pipeline --help lists what there is"
    raise Misused(f'"{name}" is nothing that it does', remedy)


def _hand_over(row: Row, argv: list[str], dialect: str) -> int:
    """As `python scripts/<file>` would, without a second Python; its children are told who called."""
    os.environ.setdefault("PIPELINE_TYPED", dialect)
    program = places.SCRIPTS / row.file
    if row.file == "sandbox":
        sys.path.insert(0, str(places.ROOT))
        sys.argv = ["sandbox", *argv]
        runpy.run_module("sandbox", run_name="__main__", alter_sys=True)
        return 0
    sys.path[0] = str(places.SCRIPTS)
    sys.argv = [str(program), *argv]
    runpy.run_path(str(program), run_name="__main__")
    return 0


def _help() -> str:
    lines = ["Form Builder deployment pipeline. Start with: pipeline init, then pipeline run", ""]
    lines += ["An app's own repository"]
    lines += [f"  {name:<16} {about}" for name, (_, about) in OWN.items()]
    for title, rows in GROUPS.items():
        lines += ["", title]
        for row in rows:
            takes = " ".join(f"[{name}=]" for name in row.takes if name not in ("APP", "CLUSTER"))
            lines.append(f"  {row.name:<16} {row.about:<60} {takes}".rstrip())
    return "\n".join(
        [
            *lines,
            "",
            "Apps are words (pipeline deploy submitter ENV=test); where there is one app, it is meant.",
            "ENV= an environment or one of its spaces. Also, as with make: CLUSTER=, FRESH=1, APPROVE=1; for",
            "deploy FORCE=1 (a version that is held), RESTART=1, TAKE_OVER=1 (changed by hand), PREFLIGHT=0.",
            "CONFIG= or --config: the configuration; default: pipeline.toml or apps.toml, here or above, up",
            "to the top of the git repository. Each subcommand has --help.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
