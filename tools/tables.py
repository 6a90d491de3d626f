"""The parts of README and docs that follow from the code and from measurements, written between markers.

`<!-- models -->` … `<!-- /models -->` in any Markdown file holds what `PARTS["models"]` writes. A marker may
take an argument: `<!-- options vae -->` … `<!-- /options -->`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from genzoo import recipes
from genzoo.cli.catalogue import markdown_table
from genzoo.cli.opened import models_that_can
from genzoo.cli.train import shown_default
from genzoo.cli.verbs import VERBS
from genzoo.evaluation import Result
from genzoo.files import read_json, write_json, write_text
from genzoo.models import catalogue
from genzoo.recipes.options import options
from genzoo.report.columns import Column, column_of, columns_of

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))  # also where another file loads this one

import recorded  # noqa: E402
import recorded_pictures  # noqa: E402

RESULTS = ROOT / "docs" / "results"
BENCHMARK = ROOT / "benchmarks" / "results" / "foundation.json"
RECORDED = recorded.ROWS | recorded_pictures.ROWS
_CHOSEN = ("log_prob", "elbo", "bits_per_dim", "squared_error")


def table(header: str, rows: list[list[str]]) -> str:
    """A Markdown table; `header` has the columns separated by " | "."""
    columns = header.split(" | ")
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands(_: str) -> str:
    """Every verb, what it does, and the models that can do it."""
    rows = []
    for name, verb in VERBS.items():
        able = [] if verb.needs is None else models_that_can(name)
        who = "" if verb.needs is None else "all" if len(able) == len(catalogue()) else ", ".join(able)
        who = ", ".join([*able, f"runs of `{verb.made_by}`"]) if verb.made_by else who
        rows.append([f"`{name}`", verb.says, who])
    return table("command | what it does | models", rows)


def recipe_table(_: str) -> str:
    """Every recipe with its source, published figure and protocol."""
    rows = []
    for name in recipes.names():
        said = recipes.read(name)
        rows.append([f"`{name}`", said.summary, said.source, said.published or "none", said.protocol])
    return table("recipe | what it is | source | published figure | protocol", rows)


def recipe_list(_: str) -> str:
    """Every recipe in one line."""
    return table("recipe | what it is", [[f"`{n}`", recipes.read(n).summary] for n in recipes.names()])


def option_table(model: str) -> str:
    """The arguments of a model and of its objective, as flags."""
    entry = catalogue()[model]
    found = options(model, entry.objective["class"])
    rows = [
        [f"`--{name.replace('_', '-')}`", f"`{plain(option.default)}`", option.table, option.help]
        for name, option in found.items()
        if option.table in ("model", "objective")
    ]
    return table("flag | default | of the | meaning", rows)


def plain(default: Any) -> str:
    """A default as it would be typed, with four figures."""
    return f"{default:.4g}" if isinstance(default, float) else shown_default(default)


def measured() -> list[dict[str, Any]]:
    """The recorded runs, by recipe."""
    return [read_json(path) for path in sorted(RESULTS.glob("*.json"))]


def number(figure: dict[str, Any]) -> str:
    """A figure with its sign, error and unit."""
    return f"{figure['name']} {Result(**figure)} {figure['unit']}"


def chosen(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first figure of each name, in the order of what says most."""
    first = {name: next((f for f in figures if f["name"] == name), None) for name in _CHOSEN}
    return [figure for figure in first.values() if figure is not None]


def result_table(_: str) -> str:
    """What recorded runs reached, beside what was published."""
    if not measured():
        return "Not measured yet."
    rows = []
    for run in measured():
        figures = (
            "<br>".join(number(f) for f in chosen(run["figures"])) or "no likelihood: look at the samples"
        )
        protocol = next((f["protocol"] for f in run["figures"]), run["protocol"])
        items = "".join(f", {f['n']:,} items" for f in run["figures"][:1])
        cpu = f" ({run['cpu_minutes']:.3g} of CPU)" if "cpu_minutes" in run else ""
        cost = f"{run['minutes']:.3g} min{cpu}, {run['images_seen']:,} images"
        name, size = f"`{run['recipe']}`", f"{run['parameters']:,}"
        rows.append([name, size, cost, figures, protocol + items, run["published"] or "none"])
    machines = sorted({machine_line(run["machine"]) for run in measured()})
    heading = "recipe | parameters | training | measured here | protocol | published"
    return table(heading, rows) + "\n\nMachine: " + "; ".join(machines) + "."


def machine_line(machine: dict[str, Any]) -> str:
    """A machine in a few words."""
    device = machine.get("cuda") or machine.get("cpu") or "CPU"
    threads = machine["threads"]
    return f"{device}, {threads} {'thread' if threads == 1 else 'threads'}, torch {machine['torch']}"


def benchmark_table(_: str) -> str:
    """The rates of benchmarks/results/foundation.json and how many times a plain loop's they are."""
    if not BENCHMARK.is_file():
        return "Not measured yet."
    said = read_json(BENCHMARK)
    rows = []
    for name, found in said["results"].items():
        rates = {k: f"{v['median_items_per_second']:,.0f}" for k, v in found["rates"].items()}
        plain = "<br>".join(f"{k}: {v}" for k, v in rates.items() if k != "genzoo")
        rows.append([name, rates["genzoo"], plain, f"{found['ratio_to_best_plain']}×"])
    machine, versions = said["machine"], said["versions"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads"
    software = f"torch {versions['torch']}, Python {versions['python']}"
    about = f"`{said['command']}`, {said['date']}, {where}, {software}"
    heading = "what | genzoo, images/s | plain PyTorch, images/s | ratio to the best plain"
    return table(heading, rows) + f"\n\nMeasured by {about}."


def report_picture(_: str) -> str:
    """The picture of the report, once tools/tour.py --report has taken one."""
    picture = ROOT / "docs" / "img" / "report.png"
    return "![The top of the report](img/report.png)" if picture.is_file() else ""


def comparison(name: str) -> str:
    """The numbers of a comparison, docs/compare/NAME.json: one row a quantity, one column a run."""
    path = ROOT / "docs" / "compare" / f"{name}.json"
    if not path.is_file():
        return "Not measured yet."
    runs = read_json(path)["runs"]
    lines = [[Result(**result) for result in run["results"]] for run in runs]
    rows = [
        [f"`{column.name}`", column.unit, *(cell_of(column, line) for line in lines)]
        for column in columns_of(lines)
    ]
    names = " | ".join(f"`{run['runs'][0]}`" for run in runs)
    said = dict.fromkeys(c.protocol for c in columns_of(lines) if c.protocol)
    return table(f"quantity | unit | {names}", rows) + "\n\nProtocols: " + "; ".join(said) + "."


def cell_of(column: Column, line: list[Result]) -> str:
    """A run's number in a column."""
    return next((str(result) for result in line if column_of(result) == column), "–")


def benchmark(name: str, _: str) -> str:
    """A benchmark's record."""
    return recorded.recorded(name, RECORDED[name], table)


PARTS: dict[str, Callable[[str], str]] = {
    "models": lambda _: markdown_table(),
    "commands": commands,
    "recipes": recipe_table,
    "recipe-list": recipe_list,
    "options": option_table,
    "results": result_table,
    "benchmarks": benchmark_table,
    "report": report_picture,
    "comparison": comparison,
    **{name: partial(benchmark, name) for name in RECORDED},
}
MARKER = re.compile(r"(<!-- ([a-z0-9-]+)(?: ([\w-]+))? -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def filled(text: str) -> str:
    """The text with every marked part written anew; markers of other tools stay as they are."""

    def part(found: re.Match[str]) -> str:
        opening, name, argument, closing = found.groups()
        if name not in PARTS:
            return found[0]
        return f"{opening}\n{PARTS[name](argument or '')}\n\n{closing}"

    return MARKER.sub(part, text)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The files whose marked parts are not what they should be, and what they should contain."""
    found = {}
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            found[path] = new
    return found


def generic(words: list[str]) -> str:
    """A command without the folders of the machine it ran on."""
    kept = [Path(word).name if Path(word).is_absolute() else word for word in words]
    if "--out" in kept:
        at = kept.index("--out")
        del kept[at : at + 2]
    return " ".join(kept)


def cpu() -> str:
    """The processor's name."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def evaluated(run: Path, data: str | None) -> list[dict[str, Any]]:
    """What `genzoo evaluate` says of a run; nothing of one that has no number to it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "evaluation.json"
        named = ["--data", data] if data else []
        measure = ["--measure", "likelihood", "--iwae", "0"]
        words = [sys.executable, "-m", "genzoo", "evaluate", str(run), *named, *measure, "--out", str(out)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 2 and "likelihood cannot be measured" in done.stderr:
            return []
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(out.read_text(encoding="utf-8"))["results"]


def record(run: Path, data: str | None) -> Path:
    """Evaluates a run on its test split and writes docs/results/RECIPE.json."""
    about, spec = read_json(run / "config.json"), read_json(run / "spec.json")
    config, machine = about["config"], about["machine"]
    info = [sys.executable, "-m", "genzoo", "info", str(run), "--json"]
    said = json.loads(subprocess.run(info, capture_output=True, text=True, check=True).stdout)
    path = RESULTS / f"{config['name']}.json"
    write_json(
        path,
        {
            "recipe": config["name"],
            "command": generic(about["command"]),
            "data": Path(data or config["data"]).name,
            "protocol": config["notes"].get("protocol", ""),
            "published": config["notes"].get("published", ""),
            "machine": {
                "cpu": cpu(),
                "threads": machine["threads"],
                "cuda": machine["cuda"],
                "torch": about["versions"]["torch"],
            },
            "parameters": said["model"]["parameters"],
            "images_seen": spec["images_seen"],
            "minutes": round(spec["seconds"] / 60, 2),
            "figures": evaluated(run, data),
        },
    )
    return path


def main() -> int:
    """Writes what is stale; with --check only says so and returns 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is stale")
    parser.add_argument("--record", type=Path, nargs="+", default=[], help="evaluate runs into docs/results")
    parser.add_argument("--data", help="the data to evaluate on, if not each run's own")
    given = parser.parse_args()
    for run in given.record:
        sys.stdout.write(f"wrote {record(run, given.data).relative_to(ROOT)}\n")
    found = stale()
    for path, text in found.items():
        sys.stdout.write(f"{path.relative_to(ROOT)}: {'stale' if given.check else 'written'}\n")
        if not given.check:
            write_text(path, text)
    return int(bool(found) and given.check)


if __name__ == "__main__":
    sys.exit(main())
