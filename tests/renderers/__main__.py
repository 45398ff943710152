"""`make renderers`: build both, unless they are there."""

from __future__ import annotations

import sys

from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import places
from tests.renderers import building


def main() -> int:
    for program in building.PROGRAMS.values():
        try:
            print(building.build(program, places()))
        except NotPossible as error:
            sys.stderr.write(f"{error}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
