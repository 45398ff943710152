"""The command line: `python -m sandbox up|down|status|reset|build|images|serve`.

Exit codes: 0 done, 1 failed (status: not running; images: not all there), 2 misused, 4 timed out,
130 interrupted. Each command imports only what it needs: `build`, `images` and `status` answer in a fraction
of a second.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandbox.state import SandboxError, State


class _Terminated(KeyboardInterrupt):
    """SIGTERM: unwinds like Ctrl-C, so that nothing half-done stays behind."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.command != "serve":
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = _COMMANDS[arguments.command](State.find(arguments.state), arguments)
        return code
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("sandbox: interrupted", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise _Terminated


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="An embedded, single-machine Kubernetes."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "up": "start it, unless it runs, and wait until it is ready",
        "down": "stop its pods and its daemon",
        "status": "what runs, what is only kept, what it does not do",
        "reset": "stop it and forget the cluster",
        "build": "build an image from a Dockerfile",
        "images": "which images there are, or whether these are there",
        "serve": "run the daemon in the foreground",
    }
    made = {
        name: commands.add_parser(name, help=text, description=text.capitalize() + ".")
        for name, text in helps.items()
    }
    for one in made.values():
        one.add_argument(
            "--state", metavar="DIR", help="where the sandbox lives (default: $SANDBOX_STATE, else .sandbox)"
        )
    made["status"].add_argument("--json", action="store_true", help="for programs")
    made["images"].add_argument("references", nargs="*", metavar="IMAGE", help="default: all that were built")
    made["images"].add_argument("--json", action="store_true", help="for programs")
    made["reset"].add_argument("--images", action="store_true", help="forget built images too")
    made["serve"].add_argument("--report", type=int, help=argparse.SUPPRESS)
    build = made["build"]
    build.add_argument("--name", required=True, help="the image becomes sandbox/NAME")
    build.add_argument("--context", required=True, metavar="DIR", help="what COPY copies from")
    build.add_argument("--file", metavar="DOCKERFILE", help="default: Dockerfile in the context")
    build.add_argument(
        "--check", action="store_true", help="only say whether the Dockerfile can be built here"
    )
    build.add_argument("--tag", action="append", default=[], help="a tag for it, besides the digest")
    build.add_argument(
        "--build-arg", action="append", default=[], metavar="NAME=VALUE", help="a value for ARG"
    )
    return parser


def _up(state: State, _arguments: argparse.Namespace) -> int:
    from sandbox.control import up

    details, started = up(state)
    word = "is ready" if started else "is already running"
    print(f"sandbox {word}: {details['server']} (kubeconfig {details['kubeconfig']})")
    return 0


def _down(state: State, _arguments: argparse.Namespace) -> int:
    from sandbox.control import down

    print(down(state))
    return 0


def _reset(state: State, arguments: argparse.Namespace) -> int:
    from sandbox.control import reset

    print(reset(state, images=arguments.images))
    return 0


def _status(state: State, arguments: argparse.Namespace) -> int:
    from sandbox.report import report, text

    told = report(state)
    print(json.dumps(told, indent=2) if arguments.json else text(told))
    return 0 if told["running"] and told.get("answers") else 1


def _build(state: State, arguments: argparse.Namespace) -> int:
    from sandbox.images.building.build import build, check
    from sandbox.images.recipes.errors import BuildError

    context = Path(arguments.context)
    dockerfile = Path(arguments.file or context / "Dockerfile")
    try:
        if arguments.check:
            check(dockerfile, _pairs(arguments.build_arg))
            return 0
        state.create()
        built = build(
            state.root, name=arguments.name, dockerfile=dockerfile, context=context,
            tags=tuple(arguments.tag), build_args=_pairs(arguments.build_arg), say=_say,
        )  # fmt: skip
    except BuildError as error:
        raise SandboxError(str(error), 2 if error.misused else 1) from error
    print(json.dumps({"image": built.image, "digest": built.digest, "reused": built.reused}))
    return 0


def _images(state: State, arguments: argparse.Namespace) -> int:
    from sandbox.images.keeping.asking import ask
    from sandbox.images.keeping.store import Store

    store = Store(state.root)
    found = {each: ask(store, each) for each in arguments.references or store.listed()}
    if arguments.json:
        rows = {name: {"state": asked.state, "why": asked.why} for name, asked in found.items()}
        print(json.dumps({"images": rows}))
    else:
        for name, asked in found.items():
            print(f"{asked.state:7} {name}" + (f": {asked.why}" if asked.why else ""))
    return 0 if all(asked.state == "present" for asked in found.values()) else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise SandboxError(f"--build-arg {word}: write NAME=VALUE", 2)
        pairs[name] = value
    return pairs


def _serve(state: State, arguments: argparse.Namespace) -> int:
    from sandbox.control import check_machine
    from sandbox.daemon import serve

    check_machine()

    def report(told: dict[str, Any]) -> None:
        if arguments.report is None:
            print(told.get("error") or f"ready: {told['ready']['server']}", file=sys.stderr, flush=True)
            return
        os.write(arguments.report, json.dumps(told).encode() + b"\n")
        os.close(arguments.report)

    return serve(state, report)


_COMMANDS = {
    "up": _up,
    "down": _down,
    "reset": _reset,
    "status": _status,
    "build": _build,
    "images": _images,
    "serve": _serve,
}
