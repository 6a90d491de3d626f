"""`python -m benchmarks.probes RUN… --data DATA`: what each run's features are worth with few labels."""

import argparse
import time
from pathlib import Path

import torch

from benchmarks.measure import record
from genzoo.data import View, load
from genzoo.evaluation import Result
from genzoo.evaluation.finetune import finetune
from genzoo.evaluation.probes import probe
from genzoo.evaluation.representation import BASELINES, has_hidden
from genzoo.models import load_model, read_spec

FEW = (10, 100, 1000)


def measured(run: Path, source: str, seeds: int, limit: int | None, whole: bool) -> list[Result]:
    """Probes at every number of labels, then fine-tuning and the same net from scratch at 100."""
    model, view = load_model(run), View.from_json(read_spec(run)["view"])
    dataset = load(source, view)
    common = {"view": view, "seeds": seeds, "limit": limit}
    results = probe(model, dataset, labels=FEW, against=BASELINES, **common)
    said(run, results)
    if whole:
        results += probe(model, dataset, labels=(None,), against=("pixels", "pca", "random"), **common)
        said(run, results[-8:])
    for layer in ("code", "hidden") if has_hidden(model) else ("code",):
        results += finetune(model, dataset, labels=(100,), layer=layer, **common)
        said(run, results[-2:])
    return results


def said(run: Path, results: list[Result]) -> None:
    for result in results:
        print(f"{run.name:16} {result.name:34} {result}", flush=True)


def main() -> None:
    """Measures and writes benchmarks/results/NAME.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", default="mnist", help="any labelled DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=int, help="only the first so many test items")
    parser.add_argument("--few", action="store_true", help="leave out the probes with all labels")
    parser.add_argument("--name", default="probes", help="of the file in benchmarks/results")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = {}
    for run in options.runs:
        began = time.perf_counter()
        results = measured(run, options.data, options.seeds, options.limit, not options.few)
        found[run.name] = {
            "model": read_spec(run)["model"],
            "view": read_spec(run)["view"],
            "minutes": round((time.perf_counter() - began) / 60, 1),
            "results": [result.to_json() for result in results],
        }
    words = ["python", "-m", "benchmarks.probes", *[f"runs/{run.name}" for run in options.runs]]
    words += ["--data", options.data, "--seeds", str(options.seeds)]
    words += ["--limit", str(options.limit)] if options.limit else []
    words += ["--few"] if options.few else []
    words += ["--name", options.name] if options.name != "probes" else []
    print(record(options.name, {"data": options.data, "seeds": options.seeds, "runs": found}, words))


if __name__ == "__main__":
    main()
