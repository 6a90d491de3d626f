"""`genzoo superres`: large images, drawn from small ones."""

from genzoo.cli.options import BatchSize, Data, Device, Out, Overwrite, Run, Seed, Temperature
from genzoo.cli.restoring import Draws, Limit, Options, Split


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = None,
    n: Limit = None,
    k: Draws = 4,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw large images from small ones: those of DATA as they are if they are that small, else made small.

    --out NAME.png has a row for each: what is given | K draws | the original, where it is known; a folder
    gets a file for each draw, under the name of what it was drawn from; NAME.npz gets given, drawn
    (n k c h w) and originals. A folder's files that cannot be read are listed, in
    skipped.csv too.
    """
    from genzoo.cli.restoring import restored

    options = Options(data, split, n, k, temperature, seed, batch)
    restored("superres", run, out, options, device=device, overwrite=overwrite)
