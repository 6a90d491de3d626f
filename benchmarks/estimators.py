"""`python -m benchmarks.estimators`: how many draws an estimate of log p(x) takes, where that is known."""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.measure import given, record
from genzoo.data import load
from genzoo.data.batches import in_order
from genzoo.evaluation.annealing import LEAPFROG, ais
from genzoo.evaluation.likelihood import iwae, naive_mc
from genzoo.models.variational.linear import LinearVAE
from genzoo.random import seeded
from genzoo.types import Batch

PICTURE = Path(__file__).parent.parent / "docs" / "img" / "estimators.png"
LATENTS = (2, 5, 10, 20)
CHAINS = 16
TOLERANCE, ENOUGH = 0.1, 0.07  # nats: the line that counts, and where to stop
COUNTS = {  # draws of each image, or temperatures
    "naive Monte Carlo": [1, 3, 10, 30, 100, 300, 1000, 3000, 10**4, 3 * 10**4, 10**5, 3 * 10**5],
    "importance-weighted": [1, 3, 10, 30, 100, 300, 1000, 3000, 10**4, 3 * 10**4],
    "annealed importance sampling": [2, 3, 10, 30, 100, 300, 1000, 3000, 10**4],
}
LOOKS = {
    "naive Monte Carlo": ("#c43c39", "s"),
    "importance-weighted": ("#2f6db3", "o"),
    "annealed importance sampling": ("#3a8f4d", "^"),
}


def fitted(items: Tensor, latent: int) -> LinearVAE:
    """The linear VAE of greatest likelihood (its axes turned at random) with its best diagonal q.

    W = U(Λ − σ²I)^½R for any rotation R gives the same p(x), but correlated p(z|x); q has its mean and the
    inverse diagonal of its precision as variances. Reference: Tipping & Bishop, 1999, equations 7 and 8.
    """
    mean = items.mean(0)
    values, vectors = torch.linalg.eigh((items - mean).T @ (items - mean) / len(items))
    values, vectors = values.flip(0), vectors.flip(1)
    noise = values[latent:].mean()
    with seeded(0, "rotation"):
        rotation = torch.linalg.qr(torch.randn(latent, latent, dtype=items.dtype)).Q
    weight = vectors[:, :latent] * (values[:latent] - noise).sqrt() @ rotation
    precision = weight.T @ weight / noise + torch.eye(latent, dtype=items.dtype)
    gain = torch.linalg.solve(precision, weight.T / noise)
    model = LinearVAE((items.shape[1],), latent=latent).double().eval()
    with torch.no_grad():
        model.decoder.weight.copy_(weight)
        model.decoder.bias.copy_(mean)
        model.log_noise.copy_(noise.log() / 2)
        model.encoder.weight.copy_(gain)
        model.encoder.bias.copy_(-gain @ mean)
        model.log_scale.copy_(-precision.diagonal().log() / 2)
    return model


def estimate(name: str, model: LinearVAE, batch: Batch, count: int) -> tuple[Tensor, int]:
    """An estimate of log p(x) of each image, and the passes through the decoder that an image took.

    A gradient in z is two passes: one forward, one back.
    """
    if name == "naive Monte Carlo":
        return naive_mc(model, batch, k=count), count
    if name == "importance-weighted":
        return iwae(model, batch, k=count), count
    passes = 2 * CHAINS * (1 + (count - 1) * LEAPFROG)
    return ais(model, batch, temperatures=count, chains=CHAINS), passes


@torch.no_grad()
def curve(name: str, model: LinearVAE, batch: Batch) -> list[dict[str, float]]:
    """The error of an estimator over the images of a batch for rising counts, until it is small."""
    exact, points = model.log_prob(batch.images), []
    for count in COUNTS[name]:
        began = time.perf_counter()
        found, passes = estimate(name, model, batch, count)
        error = found - exact
        points.append(
            {
                "count": count,
                "decoder_passes": passes,
                "mean_absolute_error": round(float(error.abs().mean()), 5),
                "mean_error": round(float(error.mean()), 5),
                "stderr": round(float(error.std() / math.sqrt(len(error))), 5),
                "seconds": round(time.perf_counter() - began, 2),
            }
        )
        if points[-1]["mean_absolute_error"] < ENOUGH:
            break
    return points


def needed(points: list[dict[str, float]]) -> dict[str, float] | None:
    """The first point from which on the error stays within the tolerance."""
    beyond = [i for i, point in enumerate(points) if point["mean_absolute_error"] > TOLERANCE]
    first = beyond[-1] + 1 if beyond else 0
    return points[first] if first < len(points) else None


@torch.no_grad()
def compare(items: Tensor, batch: Batch, latent: int) -> dict[str, Any]:
    """All estimators on one model."""
    model = fitted(items, latent)
    gap = model.log_prob(batch.images) - model.elbo(batch.images)
    mean, covariance = model.exact_posterior(batch.images)
    spread = covariance.trace() - latent - covariance.logdet()
    divergence = 0.5 * (mean.square().sum(1) + spread)
    found: dict[str, Any] = {
        "gap_of_elbo": round(float(gap.mean()), 5),
        "kl_of_posterior_from_prior": round(float(divergence.mean()), 3),
        "estimators": {},
    }
    for name in COUNTS:
        points = curve(name, model, batch)
        found["estimators"][name] = {"points": points, "within_tolerance": needed(points)}
        last = points[-1]
        said = found["estimators"][name]["within_tolerance"]
        reached = f"within {TOLERANCE} nat at {said['count']:,}" if said else "not within"
        print(
            f"latent {latent}, {name}: {reached}; {last['mean_absolute_error']:.3f} at {last['count']:,}",
            flush=True,
        )
    return found


def draw(results: dict[str, Any], path: Path) -> None:
    """One panel for each number of latents: error over passes through the decoder, both logarithmic."""
    style: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(10, 3.4), layout="constrained", dpi=160)
        panels = figure.subplots(1, len(results), sharey=True)
        for panel, (latent, found) in zip(panels, results.items(), strict=True):
            for name, (colour, marker) in LOOKS.items():
                points = found["estimators"][name]["points"]
                x, y = ([p[key] for p in points] for key in ("decoder_passes", "mean_absolute_error"))
                panel.plot(x, y, color=colour, marker=marker, markersize=4, linewidth=1.4, label=name)
            panel.axhline(TOLERANCE, color="0.35", linestyle=(0, (4, 3)), linewidth=1)
            panel.set(xscale="log", yscale="log", title=f"{latent} latent variables", xlim=(0.7, 5e6))
            panel.set_xticks([1, 100, 10**4, 10**6])
            panel.grid(alpha=0.25, linewidth=0.6)
        panels[0].set_ylabel("mean |estimate − log p(x)|, nats")
        panels[0].annotate(
            f"{TOLERANCE} nat", (1, TOLERANCE), (2, 2), textcoords="offset points", color="0.35"
        )
        figure.supxlabel("passes through the decoder for one image", fontsize=9)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(LOOKS), frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, facecolor="white")


def main() -> None:
    """Measures, writes benchmarks/results/estimators.json and draws docs/img/estimators.png."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--data", default="digits", help="any DATA; its training images are fitted")
    parser.add_argument("--images", type=int, default=32, help="test images")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dataset = load(options.data)
    train = torch.cat([b.images.flatten(1).double() for b in in_order(dataset, "train", size=512)])
    test = next(in_order(dataset, "test", size=options.images)).map(
        lambda t: t.flatten(1).double() if t.is_floating_point() else t
    )
    results = {str(latent): compare(train, test, latent) for latent in LATENTS}
    said = {
        "data": options.data,
        "images": len(test),
        "chains": CHAINS,
        "leapfrog": LEAPFROG,
        "tolerance_nats": TOLERANCE,
        "latents": results,
    }
    print(record("estimators", said, given("estimators")))
    draw(results, PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
