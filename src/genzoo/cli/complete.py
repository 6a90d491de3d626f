"""`genzoo complete`: the hidden part of images, drawn given the rest, or searched for."""

from typing import Annotated

import tyro

from genzoo.cli.options import Completions, Data, Device, Mask, Out, Overwrite, Run, Seed

Limit = Annotated[
    int | None,
    tyro.conf.arg(aliases=("-n",), help="How many; without it 8 of a page or of arrays, all of a folder."),
]
Split = Annotated[
    str | None,
    tyro.conf.arg(
        help="Which items: train, val, test or all; by default test of its own data, all of --data."
    ),
]
Temperature = Annotated[
    float | None,
    tyro.conf.arg(help="Below 1 sharpens what is drawn, by a run that draws completions; 1."),
]
BatchSize = Annotated[
    int | None,
    tyro.conf.arg(help="How many at a time, for a page or arrays; 64. A folder goes one by one."),
]
Blend = Annotated[
    bool,
    tyro.conf.arg(
        help="Give what was made the brightness of what is around it (Poisson blending), its details kept."
    ),
]
Descent = Annotated[
    int | None, tyro.conf.arg(help="Steps of the search from each start, by a run that searches; 200.")
]
Restarts = Annotated[int | None, tyro.conf.arg(help="Starts of each completion, by a run that searches; 4.")]
Weight = Annotated[
    float | None,
    tyro.conf.arg(
        help="How much the critic's verdict counts beside the known pixels, by a run that searches; 0.003."
    ),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    mask: Mask = "bottom",
    data: Data = None,
    split: Split = None,
    n: Limit = None,
    k: Completions = None,
    temperature: Temperature = None,
    seed: Seed = 0,
    batch: BatchSize = None,
    blend: Blend = False,
    steps: Descent = None,
    restarts: Restarts = None,
    critic_weight: Weight = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw the hidden part of images given the rest: one row for each, occluded | completions | original.

    A run that cannot, but decodes latents, such as a GAN, searches for latents whose images fit around it.

    --out NAME.png is a picture; NAME.npz gets originals, known and completions (n k c h w). Into a folder
    goes every image of --data DATA at its own size, under its own name, by a run that completes any size.
    A file that cannot be read, or that the mask does not fit, is listed, in skipped.csv too.
    """
    from genzoo.cli.completing import Options, completed

    options = Options(
        mask, data, split, n, k, temperature, seed, batch, blend, steps, restarts, critic_weight
    )
    completed(run, device, options, out, overwrite)
