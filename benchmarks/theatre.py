"""`python -m benchmarks.theatre`: adversarial games that are small enough to be seen whole."""

import argparse
import json
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import theatre_fits, theatre_gradients, theatre_line, theatre_stills
from benchmarks.measure import RESULTS, given, record

ACTS: dict[str, Callable[[], dict[str, Any]]] = {
    "fits": theatre_fits.act,
    "line": theatre_line.act,
    "gradients": theatre_gradients.act,
    "stills": theatre_stills.act,
}


def main() -> None:
    """Plays the acts, draws docs/img/theatre-*.png and .gif and writes benchmarks/results/theatre.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.theatre", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ACTS, default=list(ACTS), metavar="NAME")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "theatre.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results, commands = old.get("results", {}), old.get("commands", {})
    command = given("theatre")
    for name in options.only:
        results[name], commands[name] = ACTS[name](), " ".join(command)
        print("wrote", record("theatre", {"results": results, "commands": commands}, command), flush=True)


if __name__ == "__main__":
    main()
