"""Medians of interleaved runs, and the record of where and how they were made."""

import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from genzoo.files import read_json, write_json

RESULTS = Path(__file__).parent / "results"


def interleaved(
    contenders: Mapping[str, Callable[[], Any]], rounds: int
) -> dict[str, list[tuple[float, Any]]]:
    """Seconds and result of each call: A B A B …, after one round that is not counted."""
    found: dict[str, list[tuple[float, Any]]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            began = time.perf_counter()
            result = work()
            if number:
                found[name].append((time.perf_counter() - began, result))
    return found


def side_by_side(contenders: Mapping[str, Callable[[], int]], rounds: int) -> dict[str, dict[str, float]]:
    """Items a second of each contender, `interleaved`.

    Args:
        contenders: each does its work once and returns how many items it handled.
        rounds: counted ones.
    """
    found = interleaved(contenders, rounds)
    rates = {name: [items / seconds for seconds, items in calls] for name, calls in found.items()}
    return {
        name: {
            "median_items_per_second": round(statistics.median(values), 1),
            "min": round(min(values), 1),
            "max": round(max(values), 1),
        }
        for name, values in rates.items()
    }


def machine() -> dict[str, Any]:
    """Where it was measured."""
    cpu = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.system(),
    }


def record(name: str, results: Mapping[str, Any], command: list[str]) -> Path:
    """Writes a result with machine, versions and command."""
    path = RESULTS / f"{name}.json"
    packages = ("genzoo", "torch", "numpy", "pillow")
    write_json(
        path,
        {
            "benchmark": name,
            "command": shlex.join(command),
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": {p: version(p) for p in packages} | {"python": sys.version.split()[0]},
            **results,
        },
    )
    return path


def mean_and_sd(values: Sequence[float], digits: int) -> list[float]:
    """Mean and standard deviation over seeds, 0 of a single one, rounded."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return [round(statistics.mean(values), digits), round(spread, digits)]


def given(module: str) -> list[str]:
    """The command of a benchmark as it was given, but for the folder of finished runs."""
    words = list(sys.argv[1:])
    if "--kept" in words:
        at = words.index("--kept")
        del words[at : at + 2]
    return ["python", "-m", f"benchmarks.{module}", *words]


def kept(path: Path, about: Mapping[str, Any], play: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What `play` found, from the file where it is kept; played only if there is none yet.

    Exits if the file is of a run about something else, such as another budget.
    """
    wanted = json.loads(json.dumps(about))
    if not path.is_file():
        found = play()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"about": wanted, **found})
    said = read_json(path)
    if said.pop("about", None) != wanted:
        print(
            f"{path} is of a run with other settings: move it away, or give another --kept", file=sys.stderr
        )
        sys.exit(2)
    return said
