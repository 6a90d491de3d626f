"""`python -m benchmarks.bad_generator AE VAE`: an autoencoder's decoded draws beside a VAE's."""

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure import record
from genzoo.apply import decode, encode, sample
from genzoo.apply.fitted import Mixture, fit_gaussian, fit_mixture, standard
from genzoo.data import Dataset, View, load
from genzoo.data.batches import in_order
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.quality import quality_of
from genzoo.images import grid, save_image, to_uint8
from genzoo.models import Model, load_model, parameter_count, read_spec

SHOWN = 60  # images of each kind in the picture
KEPT = ("fid", "kid", "precision", "recall", "density", "coverage", "diversity")


def training_codes(model: Model, dataset: Dataset, view: View, seed: int) -> Tensor:
    """The code of every training image, shape (n, d)."""
    batches = in_order(dataset, "train", view=view, size=1024, seed=seed)
    return torch.cat([encode(model, batch.images).flatten(1) for batch in batches])


def densities(codes: Tensor, components: int, seed: int) -> dict[str, Mixture]:
    """What codes are drawn from."""
    return {
        "N(0, I)": standard(codes.shape[1]),
        "a Gaussian fitted to the codes": fit_gaussian(codes),
        f"{components} Gaussians fitted to the codes": fit_mixture(codes, components, seed=seed),
    }


def measured(images: Tensor, dataset: Dataset, view: View, eye: Extractor, seed: int) -> dict[str, Any]:
    """The ruler's numbers of images in [0, 1]."""
    found = quality_of(to_uint8(images).numpy(), dataset, eye, view=view, seed=seed, batch=256)
    by_name = {result.quantity: result for result in found.results}
    return {name: {"value": by_name[name].value, "stderr": by_name[name].stderr} for name in KEPT}


def drawn(options: argparse.Namespace, dataset: Dataset, view: View) -> dict[str, Tensor]:
    """Images of every kind: rebuilt ones, decoded draws, a VAE's samples."""
    models = [load_model(run).eval() for run in (options.autoencoder, options.vae)]
    n, seed, images = options.samples, options.seed, {}
    batches = in_order(dataset, "test", view=view, size=n, seed=seed, limit=n)
    x = torch.cat([batch.images for batch in batches])
    images["test images rebuilt"] = decode(models[0], encode(models[0], x))
    codes = training_codes(models[0], dataset, view, seed)
    for name, density in densities(codes, options.components, seed).items():
        images[f"autoencoder, {name}"] = decode(models[0], density.draw(n, seed=seed).to(codes))
    images["VAE, its prior"] = sample(models[1], n, seed=seed)
    return images


def main() -> None:
    """Measures, draws and writes benchmarks/results/bad-generator.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bad_generator", description=__doc__)
    parser.add_argument("autoencoder", type=Path)
    parser.add_argument("vae", type=Path)
    parser.add_argument("--data", default="mnist", help="the DATA of both; aliases look in $GENZOO_DATA")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--features", help="as in `genzoo evaluate`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=Path, help="where to draw samples of each kind, .png")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    view = View.from_json(read_spec(options.vae)["view"])
    dataset, found = load(options.data, view), {}
    eye = extractor_for(dataset, options.features)
    images = drawn(options, dataset, view)
    for name, made in images.items():
        began = time.perf_counter()
        found[name] = measured(made, dataset, view, eye, options.seed)
        seconds = time.perf_counter() - began
        print(f"{name:45} fid {found[name]['fid']['value']:8.2f}  ({seconds:.0f} s)", flush=True)
    if options.picture:
        rows = [made[:SHOWN] for made in images.values()]
        save_image(grid(torch.cat(rows), columns=SHOWN // 3), options.picture)
    runs = {run.name: read_spec(run) for run in (options.autoencoder, options.vae)}
    about = {
        name: {
            "model": spec["model"],
            "images_seen": spec["images_seen"],
            "parameters": parameter_count(load_model(run)),
        }
        for run, (name, spec) in zip((options.autoencoder, options.vae), runs.items(), strict=True)
    }
    words = ["python", "-m", "benchmarks.bad_generator", *[f"runs/{name}" for name in runs]]
    words += ["--data", options.data, "--samples", str(options.samples)]
    words += ["--components", str(options.components), "--seed", str(options.seed)]
    protocol = {"data": options.data, "view": view.protocol(), "features": eye.label, "runs": about}
    print(record("bad-generator", protocol | {"samples": options.samples, "results": found}, words))


if __name__ == "__main__":
    main()
