"""No decision about a cluster is made by the wall clock."""

from __future__ import annotations

import ast

from tests import ROOT

# What decides about a cluster by what it sees, and when.
TOOLKIT = ROOT / "scripts" / "toolkit"
WATCHED = [TOOLKIT / "watch" / f"{name}.py" for name in ("departures", "last_words", "lookout", "sight")]
DECIDING = [*(TOOLKIT / "cluster").rglob("*.py"), *WATCHED]
# Where the wall clock may be read: for a stamp that a person reads. Nothing is decided by it.
STAMPS = {
    ("lock.py", "stamp"),
    ("timeline.py", "__init__"),
    ("releases.py", "now"),
    ("apply.py", "restart"),
    ("keeping.py", "_summary"),
}
WALL = {"time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"}}
HIDDEN = WALL["time"]
WALL["datetime"] = WALL["date"] = {"now", "utcnow", "today"}


def test_no_decision_about_a_cluster_reads_the_wall_clock() -> None:
    """Every look at it is in a function that makes a stamp; every other clock here is monotonic."""
    found, hidden = set(), set()
    for path in DECIDING:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                looks = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
                if any(each.attr in WALL.get(owner_of(each), set()) for each in looks):
                    found.add((path.name, node.name))
            elif isinstance(node, ast.ImportFrom) and node.module in WALL:
                hidden |= {(path.name, each.name) for each in node.names if each.name in HIDDEN}
    assert hidden == set(), "import the module, so that this test sees what is called"
    assert found == STAMPS, "a look at the wall clock that is no stamp, or a stamp that is gone"


def owner_of(node: ast.Attribute) -> str:
    value = node.value
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
