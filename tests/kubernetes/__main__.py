"""`make test-kubernetes`: the ring, on the cluster that is named or on a node of one's own.

Exit code 2, and one line, where there is neither.
"""

from __future__ import annotations

import os
import sys
import time

import pytest
import urllib3
import yaml

from tests.__main__ import words
from tests.kubernetes import cluster
from tests.kubernetes.asking import Api, Refused
from tests.kubernetes.node.node import Node
from tests.kubernetes.node.parts import NotPossible

RING = "tests/kubernetes"


def main(more: list[str]) -> int:
    """Run the ring; the exit code."""
    begun = time.monotonic()
    try:
        found = cluster.given()
        if found is None:
            node = Node()
            if not node.is_up():
                node.up()
            os.environ.update(node.environment())
        else:
            Api(found[0]).text("GET", "/readyz", seconds=15)
    except (NotPossible, ValueError) as error:
        print(f"The ring on real Kubernetes cannot run: {error}", file=sys.stderr)
        return 2
    except (Refused, OSError, urllib3.exceptions.HTTPError, yaml.YAMLError, KeyError, StopIteration) as error:
        print(f"The ring on real Kubernetes cannot run: {cluster.CONFIG}: {error}", file=sys.stderr)
        return 2
    ran = pytest.main([*words(os.environ.get("T") or RING), *more])
    print(f"The ring on real Kubernetes took {time.monotonic() - begun:.0f} s.")
    return int(ran)


if __name__ == "__main__":
    sys.exit(main([*sys.argv[1:], *words(os.environ.get("ARGS", ""))]))
