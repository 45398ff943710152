"""`python -m tests.kubernetes.node tools|up|down|status|possible`. Exit code 2 where this machine cannot."""

from __future__ import annotations

import sys

from tests.kubernetes.node import parts
from tests.kubernetes.node.node import Node
from tests.kubernetes.node.parts import NotPossible

VERBS = ("tools", "up", "down", "status", "possible")


def main(words: list[str]) -> int:
    """Do what the word says; the exit code."""
    if len(words) != 1 or words[0] not in VERBS:
        print(f"Say one of: {', '.join(VERBS)}", file=sys.stderr)
        return 2
    try:
        return _do(words[0])
    except NotPossible as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _do(verb: str) -> int:
    node = Node()
    if verb == "tools":
        parts.install()
    elif verb == "possible":
        parts.check()
    elif verb == "up":
        if not node.is_up():
            node.up()
        _tell(node)
    elif verb == "down":
        was = bool(node.running())
        node.down()
        print("The node is down." if was else "The node was not up.")
    else:
        if not node.is_up():
            running = ", ".join(node.running())
            print(f"The node is not up{f'; of it there run: {running}' if running else ''}.")
            return 1
        _tell(node)
    return 0


def _tell(node: Node) -> None:
    print(f"Kubernetes {node.version} on {node.places.kubeconfig}. To use it by hand:")
    for name, value in node.environment().items():
        print(f"  export {name}={value}")
    print(f"  export KUBECONFIG={node.places.kubeconfig}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
