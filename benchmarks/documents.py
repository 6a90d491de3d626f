"""`python -m benchmarks.documents RUN…`: codes of documents beside latent semantic analysis of equal size."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measure import record
from genzoo.apply import encode
from genzoo.data import Dataset, load
from genzoo.evaluation.probes import knn_predict
from genzoo.files import atomic
from genzoo.models import load_model, read_spec
from genzoo.report.plots import CLASSES


def lsa(items: Tensor, train: Tensor, size: int) -> Tensor:
    """Coordinates along the leading right singular vectors of the training items (no centring)."""
    axes = torch.linalg.svd(items[train].double(), full_matrices=False).Vh[:size].T
    return (items.double() @ axes).float()


def accuracies(codes: Tensor, dataset: Dataset) -> dict[str, float]:
    """k-NN accuracy on the test documents, taught by the training documents, by two distances."""
    labels = torch.from_numpy(dataset.labels)
    train, test = (torch.from_numpy(dataset.split(name)) for name in ("train", "test"))
    found = {}
    for name, z in (("euclidean", codes), ("cosine", F.normalize(codes, dim=1))):
        said = knn_predict(z[train], labels[train], len(dataset.classes), z[test])
        found[f"knn_{name}"] = round(float((said == labels[test]).double().mean()), 4)
    return found


def cross_entropy(model: Any, codes: Tensor, items: Tensor) -> float:
    """−Σ x log g(z) of the test documents, nats a word."""
    with torch.no_grad():
        return round(float(-(items * model.output(codes).log_softmax(1)).sum(1).mean()), 4)


def measured(run: Path, dataset: Dataset) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The run's codes and LSA's: accuracies, and the codes themselves by name."""
    model = load_model(run)
    items, test = torch.from_numpy(dataset.items), torch.from_numpy(dataset.split("test"))
    train = torch.from_numpy(dataset.split("train"))
    codes = {"autoencoder": encode(model, items)}
    size = codes["autoencoder"].shape[1]
    codes["LSA"] = lsa(items, train, size)
    codes["LSA of roots"] = lsa(items.sqrt(), train, size)
    found: dict[str, Any] = {name: accuracies(z, dataset) for name, z in codes.items()}
    found["autoencoder"]["cross_entropy"] = cross_entropy(model, codes["autoencoder"][test], items[test])
    return {"size": size, "images_seen": read_spec(run)["images_seen"], **found}, codes


def scatter(codes: dict[str, Tensor], dataset: Dataset, out: Path) -> None:
    """Two-dimensional codes of the test documents side by side, coloured by topic."""
    test = dataset.split("test")
    figure = Figure(figsize=(4.2 * len(codes), 4.6), layout="constrained")
    panels = figure.subplots(1, len(codes), squeeze=False)[0]
    for axes, (name, all_codes) in zip(panels, codes.items(), strict=True):
        z = all_codes[torch.from_numpy(test)].numpy()
        for number, topic in enumerate(dataset.classes):
            here = dataset.labels[test] == number
            axes.scatter(*z[here].T, s=9, lw=0, alpha=0.8, color=CLASSES[number % len(CLASSES)], label=topic)
        low, high = np.quantile(z, [0.005, 0.995], axis=0)
        margin = 0.05 * (high - low)
        axes.set(
            xlim=(low[0] - margin[0], high[0] + margin[0]), ylim=(low[1] - margin[1], high[1] + margin[1])
        )
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_xticks([])
        axes.set_yticks([])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=8, frameon=False)
    with atomic(out) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def main() -> None:
    """Measures, draws and writes benchmarks/results/documents.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="of ae2-documents, ae-documents")
    parser.add_argument("--data", default="docstrings", help="labelled word probabilities")
    parser.add_argument("--picture", type=Path, help="where to draw two-dimensional codes, .png")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dataset, found = load(options.data), {}
    items, train, test = torch.from_numpy(dataset.items), dataset.split("train"), dataset.split("test")
    frequencies = items[train].mean(0).clamp(min=1e-9).log()
    about = {
        "fingerprint": dataset.fingerprint,
        "counts": {name: len(dataset.split(name)) for name in ("train", "val", "test")},
        "classes": dict(zip(dataset.classes, np.bincount(dataset.labels).tolist(), strict=True)),
        "unigram_cross_entropy": round(float(-(items[test] @ frequencies).mean()), 4),
        "all_words": accuracies(items, dataset),
    }
    for run in options.runs:
        found[run.name], codes = measured(run, dataset)
        print(run.name, found[run.name], flush=True)
        if options.picture and found[run.name]["size"] == 2:
            scatter(codes, dataset, options.picture)
    words = ["python", "-m", "benchmarks.documents", *[f"runs/{run.name}" for run in options.runs]]
    print(record("documents", {"data": options.data, **about, "runs": found}, words))


if __name__ == "__main__":
    main()
