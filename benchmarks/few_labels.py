"""`python -m benchmarks.few_labels RUN… --m1 RUN --data DATA`: test error with few labels, by method."""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import RESULTS, record
from genzoo.api import train
from genzoo.cli import main as genzoo
from genzoo.data import Dataset, View, load
from genzoo.data.few import labelled
from genzoo.evaluation.finetune import Mode, accuracy_of, train_classifier
from genzoo.evaluation.representation import has_hidden
from genzoo.files import read_json, write_json
from genzoo.models import Model, load_model, read_spec
from genzoo.models.classifier import Layer
from genzoo.training.folder import RunFolder

PUBLISHED = {  # MNIST, 100 labels: Kingma et al., 2014; Salimans et al., 2016
    "M1 + TSVM": "11.82 (arXiv:1406.5298)",
    "M2": "11.97 (from memory, not checked against arXiv:1406.5298)",
    "M1+M2": "3.33 (arXiv:1406.5298)",
    "K + 1 GAN": "0.93 (arXiv:1606.03498)",
}


@dataclass(frozen=True)
class Method:
    """A way to a classifier.

    Args:
        name: in the table.
        key: of its cached answers, which names all that they depend on but the labels and the seed.
        error: the test error, a share, with so many labels and this seed of labelled items and training.
    """

    name: str
    key: str
    error: Callable[[int, int], float]


def classified(
    model: Model | None, view: View, dataset: Dataset, mode: Mode, layer: Layer, labels: int, seed: int
) -> float:
    """The test error of `genzoo classify`."""
    positions = labelled(dataset, labels, seed)
    found = train_classifier(model, dataset, positions, mode=mode, layer=layer, view=view, seed=seed)
    return 1 - accuracy_of(found, dataset, dataset.split("test"), view=view)


def trained(recipe: str, data: str, work: Path, options: dict[str, Any], labels: int, seed: int) -> float:
    """The test error of q(y|x) after a recipe; a run that was broken off goes on."""
    folder = work / f"{recipe}-{labels}-{seed}"
    given = {"labelled": labels, "seed": seed, **options}
    run = train(recipe, data, out=folder, resume=RunFolder(folder).exists, quiet=True, **given)
    if run.stopped:
        raise SystemExit(f"{folder}: stopped before its budget was spent; the same command goes on")
    dataset = load(data, run.config.view)
    return 1 - accuracy_of(run.model, dataset, dataset.split("test"), view=run.config.view)


def encoded(m1: Path, data: str, work: Path) -> Path:
    """The codes of every item by M1, with the deviations of its posterior."""
    out = work / f"{m1.name}-codes.npz"
    if not out.exists():
        words = ("encode", m1, "--data", data, "--split", "all", "--scales", "--out", out)
        if code := genzoo([str(word) for word in words]):
            raise SystemExit(code)
    return out


def of_run(run: Path, data: str) -> Iterator[Method]:
    """Probes on what a run has learned, fine-tuning, and the same net from scratch."""
    model, view = load_model(run), View.from_json(read_spec(run)["view"])
    dataset = load(data, view)
    layers: tuple[Layer, ...] = ("code", "hidden") if has_hidden(model) else ("code",)
    kinds: list[tuple[Mode, Layer]] = [("probe", layer) for layer in layers]
    kinds += [("finetune", layers[-1]), ("scratch", layers[-1])]
    step = read_spec(run).get("step")
    for mode, layer in kinds:
        name = f"{run.name}: {mode}, {layer}"
        key = f"{run.name}-{step}-{mode}-{layer}"
        yield Method(name, key, partial(classified, model, view, dataset, mode, layer))


def methods(options: argparse.Namespace) -> Iterator[Method]:
    """All that is asked for, cheap ones first."""
    pixels = load(options.data, View())
    yield Method("pixels: probe", "pixels", partial(classified, None, View(), pixels, "probe", "code"))
    for run in options.runs:
        yield from of_run(run, options.data)
    if options.m1:
        budget = {"images": options.m1m2_images}
        codes = encoded(options.m1, options.data, options.work)
        of_codes = partial(trained, "m1m2-mnist", str(codes), options.work / options.m1.name, budget)
        yield Method("M1+M2", f"m1m2-{options.m1.name}-{options.m1m2_images}", of_codes)
    budget = {"images": options.m2_images}
    of_images = partial(trained, "m2-mnist", options.data, options.work, budget)
    yield Method("M2", f"m2-{options.m2_images}", of_images)
    budget = {"images": options.gan_images}
    of_game = partial(trained, "improved-gan-mnist", options.data, options.work, budget)
    yield Method("K + 1 GAN", f"gan-{options.gan_images}", of_game)


def answers(method: Method, labels: int, seeds: int, work: Path) -> list[dict[str, float]]:
    """The error of each seed; what was measured before is read."""
    found = []
    for seed in range(seeds):
        path = work / "answers" / f"{method.key}-{labels}-{seed}.json"
        if not path.exists():
            began = time.perf_counter()
            error = method.error(labels, seed)
            write_json(path, {"error": error, "seconds": round(time.perf_counter() - began, 1)})
        found.append(read_json(path))
        print(f"{method.name:32} {labels:5} labels, seed {seed}: {100 * found[-1]['error']:.2f}%", flush=True)
    return found


def row(found: list[dict[str, float]]) -> dict[str, Any]:
    """Mean and standard deviation over seeds, per cent."""
    errors = [100 * answer["error"] for answer in found]
    return {
        "test_error_percent": round(statistics.mean(errors), 2),
        "sd": round(statistics.stdev(errors), 2) if len(errors) > 1 else None,
        "seeds": [round(error, 2) for error in errors],
        "seconds": [answer["seconds"] for answer in found],
    }


def table(found: dict[str, dict[str, Any]], sizes: list[int]) -> str:
    """One line a method, one column a number of labels, as Markdown."""
    lines = ["| method | " + " | ".join(f"{n} labels" for n in sizes) + " | published, 100 labels |"]
    lines.append("|---|" + "---|" * (len(sizes) + 1))
    for name, by_size in found.items():
        cells = [
            f"{cell['test_error_percent']:.2f} ± {cell['sd'] or 0:.2f}"
            if (cell := by_size.get(str(n)))
            else ""
            for n in sizes
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {PUBLISHED.get(name, '')} |")
    lines += [
        f"| {name} |" + " |" * len(sizes) + f" {said} |"
        for name, said in PUBLISHED.items()
        if name not in found
    ]
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.few_labels", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="runs with an encoder or a critic")
    parser.add_argument("--m1", type=Path, help="the VAE on whose codes M2 is trained")
    parser.add_argument("--data", default="mnist", help="labelled DATA; aliases look in $GENZOO_DATA")
    parser.add_argument("--labels", type=int, nargs="+", default=[100])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--m2-images", type=int, default=3_000_000, help="budget of M2, images seen")
    parser.add_argument("--m1m2-images", type=int, default=4_000_000, help="budget of M2 on codes")
    parser.add_argument("--gan-images", type=int, default=1_200_000, help="budget of the K + 1 GAN")
    parser.add_argument("--only", nargs="+", default=[""], help="methods whose names contain one of these")
    parser.add_argument("--work", type=Path, default=Path("runs/few-labels"), help="runs and answers so far")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Measures what is not measured yet and writes benchmarks/results/few_labels.json."""
    options = parsed()
    torch.set_num_threads(options.threads)
    path = RESULTS / "few_labels.json"
    found: dict[str, dict[str, Any]] = read_json(path)["methods"] if path.is_file() else {}
    for method in methods(options):
        if not any(part in method.name for part in options.only):
            continue
        for labels in options.labels:
            cell = row(answers(method, labels, options.seeds, options.work))
            found.setdefault(method.name, {})[str(labels)] = cell
    print(table(found, options.labels))
    words = ["python", "-m", "benchmarks.few_labels", *[f"runs/{run.name}" for run in options.runs]]
    words += ["--m1", f"runs/{options.m1.name}"] if options.m1 else []
    words += ["--data", options.data, "--labels", *map(str, options.labels), "--seeds", str(options.seeds)]
    words += ["--m2-images", str(options.m2_images), "--m1m2-images", str(options.m1m2_images)]
    words += ["--gan-images", str(options.gan_images)]
    words += ["--only", *options.only] if options.only != [""] else []
    print(record("few_labels", {"data": options.data, "published": PUBLISHED, "methods": found}, words))


if __name__ == "__main__":
    main()
