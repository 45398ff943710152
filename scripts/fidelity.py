#!/usr/bin/env python3
"""Writes docs/fidelity.md from two reports of drills: the sandbox's, and that of a real cluster."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolkit.base import console, files
from toolkit.base.outcome import Outcome
from toolkit.drills import fidelity
from toolkit.runs.record import HOME
from toolkit.settings import command
from toolkit.settings.command import ROOT, Request

KEPT = ROOT / HOME / "fidelity"


def arguments(parser: argparse.ArgumentParser) -> None:
    for word in ("sandbox", "kubernetes"):
        help = f"report of drill.py --report; default: {HOME}/fidelity/{word}.json"
        parser.add_argument(f"--{word}", type=Path, default=KEPT / f"{word}.json", metavar="FILE", help=help)
    parser.add_argument(
        "--page",
        type=Path,
        default=ROOT / "docs" / "fidelity.md",
        metavar="FILE",
        help="default: %(default)s",
    )


def run(request: Request) -> Outcome:
    options = request.options
    page = fidelity.page(fidelity.read(options.sandbox), fidelity.read(options.kubernetes))
    files.write(options.page, page)
    console.say(next(line for line in page.splitlines() if line.startswith("**")).strip("*"))
    console.say(f"wrote {console.shown(options.page)}")
    return Outcome()


if __name__ == "__main__":
    sys.exit(
        command.main(run, stage="fidelity", help=__doc__ or "", app="none", arguments=arguments, record=False)
    )
