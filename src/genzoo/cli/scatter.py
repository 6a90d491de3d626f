"""`genzoo scatter`: where each class lies among the codes, run beside run."""

from pathlib import Path
from typing import Annotated

import tyro

from genzoo.cli.options import Count, Data, Device, Overwrite, Seed, Split

Runs = Annotated[tuple[Path, ...], tyro.conf.arg(help="Run folders, or their best/ folders: a panel each.")]
Picture = Annotated[
    Path, tyro.conf.arg(help="The picture, .png, or its points, .npz. A file there is not overwritten.")
]
SameAxes = Annotated[bool, tyro.conf.arg(help="All panels show the same range.")]
Pixels = Annotated[bool, tyro.conf.arg(help="One more panel: the principal components of the pixels.")]


def command(
    runs: Runs,
    /,
    *,
    out: Picture,
    data: Data = None,
    split: Split = "test",
    n: Count = 2000,
    same_axes: SameAxes = False,
    pca: Pixels = False,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Scatter the codes of the same items in the plane, coloured by class, one panel for each run.

    Codes of two numbers are shown as they are, longer ones by their two principal components. The title
    says how often the 5 nearest items of the other half of those shown tell an item's class. The .npz
    has the points (panel, item, 2), the panels' names, each item's index in its data set, and its label.
    """
    from genzoo.cli.console import progress
    from genzoo.cli.output import form_of
    from genzoo.report import check_extra

    form = form_of(out, {"picture", "arrays"}, overwrite=overwrite)
    check_extra()
    from genzoo.cli.scattered import scattered, write_points, write_scatter

    with progress("encoding", None) as tick:
        found = scattered(runs, data, split, n, pixels=pca, seed=seed, device=device, tick=tick)
    if form == "arrays":
        write_points(found, out)
    else:
        write_scatter(found, out, same_axes=same_axes)
