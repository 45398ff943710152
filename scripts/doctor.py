"""Says whether this machine can run the pipeline; each cross carries its fix. Exit code 2 when there is one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolkit import doctor

SIGNS = {True: ("✔", "ok"), False: ("✘", "NO"), None: ("·", "--")}


def main() -> int:
    """Check everything, print it, and count the crosses."""
    parser = argparse.ArgumentParser(description=__doc__)
    repository = Path(__file__).resolve().parents[1]
    parser.add_argument(
        "--root", metavar="DIR", type=Path, default=repository, help="default: this repository"
    )
    root = parser.parse_args().root
    if not root.is_dir():
        print(f"--root {root}: no such folder")
        return 2
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    crosses = 0
    for check in doctor.checks(root):
        well, saw, fix = check()
        print(f"{SIGNS[well][plain]} {saw}")
        if fix:
            print(f"    fix: {fix}")
        crosses += well is False
    if crosses:
        print(f"\n{crosses} of these must be mended first.")
        return 2
    print("\nReady: make pipeline APP=submitter")
    return 0


if __name__ == "__main__":
    sys.exit(main())
