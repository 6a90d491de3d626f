"""`python -m benchmarks.folders RUN`: `genzoo translate` on a folder of images of mixed sizes.

The folder is made of a data set's images, resized to sides from 24 pixels to --largest, in folders within it,
and of files that are no images. Measured are images a second, and the peak memory for all of them beside that
for a fifth. The command is then interrupted after a third and given again, and what it leaves compared with
what a call leaves that was never interrupted: other images at once round otherwise in the last of 255 levels.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.measure import given, record
from genzoo.data import View, load

BAD = {"notes.png": b"not an image at all", "empty.jpg": b"", "cut.png": None}  # None: half of a real file


def mixed(source: str, folder: Path, n: int, largest: int) -> tuple[list[str], list[str]]:
    """Writes `n` images of mixed sizes and kinds of file; returns their names, and those that are none."""
    rng = np.random.default_rng(0)
    items = load(source, View(channels=3)).items
    names = []
    for i in range(n):
        height, width = (int(side) for side in np.exp(rng.uniform(np.log(24), np.log(largest), 2)))
        name = f"{'abc'[i % 3]}/{i:04}.{('png', 'jpg', 'webp')[i % 3]}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.asarray(items[i % len(items)]).transpose(1, 2, 0))
        image.resize((width, height)).save(folder / name)
        names.append(name)
    for name, content in BAD.items():
        whole = (folder / names[0]).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    return names, list(BAD)


def called(words: list[str], interrupt: tuple[Path, int] | None = None) -> dict[str, Any]:
    """Exit code, seconds and peak memory of a call, interrupted when a folder has so many pictures."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while interrupt is not None and process.poll() is None:
        if sum(1 for _ in interrupt[0].rglob("*.png")) >= interrupt[1]:
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.05)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }


def pictures(folder: Path) -> dict[str, Path]:
    """Every picture of a folder, by its name."""
    return {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*.png"))}


def apart(one: dict[str, Path], other: dict[str, Path]) -> dict[str, int]:
    """How many pictures of the same names differ, and by how many of 255 levels at most."""
    most = []
    for name in one.keys() & other.keys():
        a, b = (np.asarray(Image.open(folder[name])).astype(int) for folder in (one, other))
        most.append(int(np.abs(a - b).max()))
    return {"files_that_differ": sum(m > 0 for m in most), "levels_at_most": max(most)}


def measured(run: Path, source: str, n: int, largest: int, work: Path) -> dict[str, Any]:
    """What the command does with a fifth, with all, and when it is interrupted."""
    names, bad = mixed(source, work / "mixed", n, largest)
    few, _ = mixed(source, work / "few", n // 5, largest)
    words = [sys.executable, "-m", "genzoo", "translate", str(run), "--data"]
    fifth = called([*words, str(work / "few"), "--out", str(work / "small")])
    whole = called([*words, str(work / "mixed"), "--out", str(work / "whole")])
    made, again = pictures(work / "whole"), [*words, str(work / "mixed"), "--out", str(work / "again")]
    stopped = called(again, (work / "again", n // 3))
    there = len(pictures(work / "again"))
    resumed = called(again)
    found = pictures(work / "again")
    with (work / "whole" / "skipped.csv").open(newline="") as file:
        listed = sorted(row[0] for row in csv.reader(file))[: len(bad) + 1]
    return {
        "images": n,
        "names_kept": sorted(made) == sorted(str(Path(name).with_suffix(".png")) for name in names),
        "bad_files": sorted(bad),
        "listed_as_skipped": [name for name in listed if Path(name).name in bad],
        "a_fifth": fifth | {"images": len(few)},
        "all": whole | {"images_per_second": round(n / whole["seconds"], 1)},
        "interrupted": stopped | {"files_there": there},
        "given_again": resumed | {"all_there": found.keys() == made.keys(), **apart(made, found)},
    }


def main() -> None:
    """Measures and writes benchmarks/results/folders.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folders", description=__doc__)
    parser.add_argument("run", type=Path, help="a run that translates images of three channels")
    parser.add_argument("--data", default="emoji/noto.zip", help="images that the folder is made of")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--largest", type=int, default=256, help="the longest side")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genzoo-folders-") as folder:
        found = measured(options.run, options.data, options.images, options.largest, Path(folder))
    print(found)
    command = ["RUN" if word == str(options.run) else word for word in given("folders")]
    print(record("folders", {"results": found}, command))


if __name__ == "__main__":
    main()
