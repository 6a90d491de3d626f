"""`python -m benchmarks.vaegan`: a VAE/GAN and a VAE of the same nets at equal budgets, on one ruler."""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import record
from genzoo.apply import reconstruct, sample
from genzoo.data import Batches, Dataset, View, load
from genzoo.densities import Gaussian
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.quality import quality_of
from genzoo.images import grid, save_image, to_uint8
from genzoo.models import Model, entry_named, parameter_count
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.vaegan import VAEGAN
from genzoo.objectives import Objective
from genzoo.objectives.vaegan import LearnedSimilarity
from genzoo.objectives.variational import NegativeELBO
from genzoo.random import seeded
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Given, Images, Items, Latents

MEASURES = ("fid", "kid", "precision", "recall")


class Twin(GaussianLatentModel):
    """The VAE/GAN's encoder and decoder without its critic: p(x|z) = N(G(z), σ²I) with one σ, learned.

    Args:
        shape: (c, h, w) of one image.
        latent: dimensions of z.
        width: channels of the finest feature map.
    """

    def __init__(self, shape: Sequence[int], *, latent: int, width: int) -> None:
        super().__init__(shape)
        nets = VAEGAN(self.shape, latent=latent, width=width)
        self.latent, self.encoder, self.generator = latent, nets.encoder, nets.gan.generator
        self.log_scale = nn.Parameter(torch.tensor(-1.0))

    def posterior(self, images: Items, given: Given | None = None) -> Gaussian:
        """q(z|x)."""
        self.check(images, given)
        return Gaussian(*self.encoder(2 * images - 1).chunk(2, dim=1))

    def likelihood(self, latents: Latents, given: Given | None = None) -> Gaussian:
        """p(x|z)."""
        mean = (self.generator(latents) + 1) / 2
        return Gaussian(mean, self.log_scale.expand_as(mean))


def trained(model: Model, objective: Objective[Any], data: Dataset, images: int) -> tuple[Model, float]:
    """The averaged model after so many images, and the processor's seconds."""
    settings = Settings(
        images=images, horizon=images, batch=64, schedule="linear", ema=0.999, channels_last=True
    )
    optimizer = OptimizerSettings("adam", lr=1e-3, betas=entry_named("vae-gan").optimizer["betas"])
    began = time.process_time()
    run = start(model, objective, Batches(data, size=64), settings, optimizer)
    fit(run)
    return run.learned(), time.process_time() - began


def sharpness(images: Images) -> float:
    """The mean square of the discrete Laplacian of a pixel: what blurring takes away first."""
    x = images.double()
    inner, cross = x[..., 1:-1, 1:-1], x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2]
    return float((cross + x[..., 1:-1, 2:] - 4 * inner).square().mean())


def measured(model: Model, data: Dataset, eye: Extractor, n: int) -> tuple[dict[str, Any], list[Tensor]]:
    """What is measured of `n` mean samples and of the test images rebuilt, and some of each to look at."""
    test = Batches(data, "test", size=min(n, len(data.split("test")))).at(0)
    pairs = reconstruct(model, test.images)
    drawn = sample(model, n, mean=True, batch=256)
    results = quality_of(to_uint8(drawn).numpy(), data, eye, batch=256).results
    found = {r.quantity.partition("[")[0]: {"value": r.value, "stderr": r.stderr} for r in results}
    real = sharpness(pairs.originals)
    numbers = {
        **{name: found[name] for name in MEASURES},
        "squared_error_of_pixels": float(pairs.squared_error.mean()),
        "sharpness_of_samples": sharpness(drawn) / real,
        "sharpness_of_reconstructions": sharpness(pairs.reconstructions) / real,
    }
    return numbers, [pairs.originals[:20], pairs.reconstructions[:20], drawn[:60]]


def compared(data: Dataset, eye: Extractor, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """The VAE/GAN, the VAE after as many images, and the VAE after as many seconds of the processor."""
    found: dict[str, Any] = {}
    contenders = {
        "vae-gan": (VAEGAN, LearnedSimilarity(gamma=options.gamma)),
        "vae": (Twin, NegativeELBO()),
        "vae, as many seconds": (Twin, NegativeELBO()),
    }
    for name, (cls, objective) in contenders.items():
        with seeded(seed, "weights"):
            model = cls(data.shape, latent=options.latent, width=options.width)
        images = options.images
        if name == "vae, as many seconds":
            own, other = (found[key]["training_processor_seconds"] for key in ("vae", "vae-gan"))
            images = round(images * other / own)
        learned, seconds = trained(model, objective, data, images)
        numbers, shown = measured(learned, data, eye, options.samples)
        nets = (learned.encoder, learned.gan.generator if name == "vae-gan" else learned.generator)
        found[name] = numbers | {
            "parameters_without_critic": sum(parameter_count(net) for net in nets),
            "images": images,
            "training_processor_seconds": round(seconds, 1),
        }
        if options.pictures and seed == 0:
            path = options.pictures / f"{data.name}-{'-'.join(name.replace(',', '').split())}.png"
            save_image(grid(torch.cat(shown), columns=20), path, scale=2)
        print(data.name, seed, name, found[name], flush=True)
    return found


def gain(found: Sequence[dict[str, Any]], other: str) -> dict[str, float]:
    """By how much the VAE/GAN's Fréchet distance is below another's, over seeds."""
    gains = [seed[other]["fid"]["value"] - seed["vae-gan"]["fid"]["value"] for seed in found]
    spread = statistics.stdev(gains) if len(gains) > 1 else float("nan")
    return {"mean": round(statistics.mean(gains), 2), "sd": round(spread, 2), "least": round(min(gains), 2)}


def main() -> None:
    """Measures and writes benchmarks/results/vaegan-DATA.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vaegan", description=__doc__)
    parser.add_argument(
        "--data", nargs="+", default=["mnist", "cifar10"], help="aliases look in $GENZOO_DATA"
    )
    parser.add_argument("--images", type=int, default=128_000, help="that each model sees")
    parser.add_argument("--latent", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--gamma", type=float, default=1e-2)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--features", help="as in `genzoo evaluate`; by default those of the data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pictures", type=Path, help="a folder for images, rebuilt images and samples")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    names = ("images", "latent", "width", "gamma", "samples", "features", "seeds")
    setting = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    flags = [word for name, value in setting.items() for word in (f"--{name}", str(value))]
    for source in options.data:
        data = load(source, View())
        eye = extractor_for(data, options.features)
        by_seed = [compared(data, eye, seed, options) for seed in range(options.seeds)]
        gains = {other: gain(by_seed, other) for other in by_seed[0] if other != "vae-gan"}
        found = {"data": source, "setting": setting, "features": eye.label}
        found |= {"frechet_distance_gained_over": gains, "seeds": by_seed}
        command = ["python", "-m", "benchmarks.vaegan", "--data", source, *flags]
        print(record(f"vaegan-{source}", found, command))


if __name__ == "__main__":
    main()
