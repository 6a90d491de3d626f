"""The size budget: a file has at most 300 lines, a function at most 40."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE, FUNCTION = 300, 40
ROOTS = ("src", "tests", "benchmarks", "tools")


def excesses(path: Path) -> Iterator[str]:
    """A line for everything in a file that is over the budget."""
    text = path.read_text(encoding="utf-8")
    length = text.count("\n")
    if length > FILE:
        yield f"{path}: {length} lines, at most {FILE}"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or 0) - node.lineno + 1
        if lines > FUNCTION:
            yield f"{path}:{node.lineno}: {node.name}: {lines} lines, at most {FUNCTION}"


def main() -> int:
    """Prints every excess; 1 if there is one."""
    root = Path(__file__).parent.parent
    files = sorted(f for name in ROOTS for f in (root / name).rglob("*.py"))
    found = [line for f in files for line in excesses(f)]
    sys.stdout.write("".join(f"{line}\n" for line in found) or f"{len(files)} files within the size budget\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
