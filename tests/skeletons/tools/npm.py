"""`npm ci`, `npm audit`, `npm test` and `npx eslint`: the tools of the Node app.

Runs as a program, with nothing of the tests to import.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import specs

LONG = 110


def ci(words: Sequence[str]) -> int:
    """Put what package-lock.json names into node_modules, which it makes anew."""
    lock = Path("package-lock.json")
    if not lock.is_file():
        print(
            "npm error The `npm ci` command can only install with an existing package-lock.json",
            file=sys.stderr,
        )
        return 1
    for name in json.loads(lock.read_text(encoding="utf-8"))["packages"]:
        if name:
            Path(name).mkdir(parents=True, exist_ok=True)
    print("added 1 package in 1s")
    return 0


def audit(words: Sequence[str]) -> int:
    """As `npm audit --json`: nothing is known."""
    counts = dict.fromkeys(("info", "low", "moderate", "high", "critical", "total"), 0)
    said = {"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": counts}}
    print(json.dumps(said))
    return 0


def eslint(words: Sequence[str]) -> int:
    """Lines that are too long, as `eslint --format json --output-file` tells them."""
    out = words[words.index("--output-file") + 1] if "--output-file" in words else ""
    path = Path("app.py")
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    messages = [
        {
            "ruleId": "max-len",
            "severity": 2,
            "message": f"This line has a length of {len(line)}. Maximum allowed is {LONG}.",
            "line": number,
            "column": 1,
        }
        for number, line in lines
        if len(line) > LONG
    ]
    file = {
        "filePath": str(path.resolve()),
        "messages": messages,
        "errorCount": len(messages),
        "warningCount": 0,
    }
    text = json.dumps([{**file, "suppressedMessages": [], "fatalErrorCount": 0, "usedDeprecatedRules": []}])
    if out:
        specs.write(Path(out), text)
    else:
        print(text)
    return 1 if messages else 0


def test(words: Sequence[str]) -> int:
    """Run the specs; JUnit where the word after --test-reporter-destination says, coverage as Cobertura."""
    joined = next((word.partition("=")[2] for word in words if "destination" in word), "")
    paths = [Path(word) for word in words if not word.startswith("-")]
    ran = specs.run(paths or [Path("spec")], measured=[Path("app.py")])
    if joined:
        specs.write(Path(joined), specs.junit(ran, "root"))
    specs.write(Path("coverage/cobertura-coverage.xml"), _cobertura(ran))
    print(f"tests {len(ran.examples)}, fail {ran.failures}")
    return 1 if ran.failures or not ran.examples else 0


def _cobertura(ran: specs.Ran) -> str:
    classes, hit, valid = [], 0, 0
    for path, lines in ran.lines.items():
        rows = [(number, count) for number, count in enumerate(lines, 1) if count is not None]
        hit, valid = hit + sum(bool(count) for _, count in rows), valid + len(rows)
        inner = "".join(f'<line number="{number}" hits="{count}" branch="false"/>' for number, count in rows)
        classes.append(f'<class name="{path}" filename="{path}"><methods/><lines>{inner}</lines></class>')
    rate = hit / valid if valid else 1
    return (
        '<?xml version="1.0"?>\n'
        f'<coverage lines-valid="{valid}" lines-covered="{hit}" line-rate="{rate:.4f}" branches-valid="0"'
        ' branches-covered="0" branch-rate="1" timestamp="1" complexity="0" version="0.1">'
        f"<sources><source>{Path.cwd()}</source></sources>"
        f'<packages><package name="main" line-rate="{rate:.4f}"><classes>{"".join(classes)}</classes>'
        "</package></packages>"
        "</coverage>\n"
    )


PROGRAMS = {("npm", "ci"): ci, ("npm", "audit"): audit, ("npm", "test"): test, ("npx", "eslint"): eslint}


def main(program: str, argv: Sequence[str]) -> int:
    """`npm <words>`, `npx <words>`"""
    call = PROGRAMS.get((program, argv[0] if argv else ""))
    if call is None:
        print(f"{program}: unknown command: {' '.join(argv)}", file=sys.stderr)
        return 1
    return call(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
