"""How the tests of the floors read a tree of modules: which module imports which, and in which room it lies.

A room is a package; its root are the modules that lie in it directly. A table of floors has a line per room,
lowest first: the rooms that it may import, each of which has a line above its own.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, Collection[str]]


def imports(folder: Path, root: Path) -> dict[str, set[str]]:
    """The modules below a folder by dotted name, each with those of the same tree that it imports.

    Anywhere in the file counts, also within a function; what is for types alone (TYPE_CHECKING) does not.
    ``root`` is the folder that the names start from. A package stands for its ``__init__.py``.
    """
    known = {_dotted(path, root): path for path in sorted(folder.rglob("*.py"))}
    return {name: set(_imported(name, path, known)) - {name} for name, path in known.items()}


def room_of(module: str, rooms: Collection[str]) -> str:
    """The innermost of these rooms that a module lies in (itself, if it is one); LookupError if none."""
    name = module
    while name not in rooms:
        name, dot, _ = name.rpartition(".")
        if not dot:
            raise LookupError(f"{module} lies in none of the rooms")
    return name


def rooms_of(folder: Path, root: Path) -> dict[str, list[Path]]:
    """The rooms at and below a folder by dotted name, each with the Python files in its root."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.py")):
        found.setdefault(".".join(path.parent.relative_to(root).parts), []).append(path)
    return found


def floors(table: str, tree: str) -> dict[str, list[str]]:
    """The rooms of a table by their full names, lowest first, with what each may import.

    A line is "room: other other"; what begins with blanks continues the line before it. `.x` is the room x of
    the same part, the tree's own name stands for its root.
    """
    lines = [line.partition(":") for line in table.replace("\n ", " ").splitlines() if line]
    return {_full(room, tree): [_full(other, tree, room) for other in may.split()] for room, _, may in lines}


def _full(room: str, tree: str, beside: str = "") -> str:
    if room.startswith("."):
        room = beside.partition(".")[0] + room
    return room if room == tree else f"{tree}.{room}"


def against_the_floors(graph: Graph, rooms: Collection[str], floors: Graph) -> list[str]:
    """What a tree and its table of floors say differently, as sentences; empty if they agree.

    ``graph`` is what `imports` returns, ``rooms`` the rooms that there are.
    """
    wrong = [f"{room} has no line in the table" for room in sorted(set(rooms) - set(floors))]
    wrong += [f"{room} has a line in the table and is no room" for room in floors if room not in rooms]
    wrong += list(_rows_that_point_up(floors))
    used: dict[str, set[str]] = {room: set() for room in floors}
    for module, others in sorted(graph.items()):
        room = room_of(module, rooms)
        for other in sorted(others):
            target = room_of(other, rooms)
            used.setdefault(room, set()).add(target)
            if target not in {room, *floors.get(room, ())}:
                wrong.append(f"{room} may not import {target}: {module} imports {other}")
    for room, may in floors.items():
        wrong += [f"{room} does not import {other} any more" for other in may if other not in used[room]]
    return wrong


def _rows_that_point_up(floors: Graph) -> Iterator[str]:
    below: set[str] = set()
    for room, may in floors.items():
        for other in may:
            if other not in below:
                yield f"{room} may import {other} by the table, which has no line for that above"
        below.add(room)


def _dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in _that_run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                if inner in known or source in known:
                    yield inner if inner in known else source


def _that_run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield other
                yield from _that_run(other)
            continue
        yield child
        yield from _that_run(child)
