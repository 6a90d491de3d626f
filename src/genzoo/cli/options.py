"""Flags that many verbs share, as types."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

Run = Annotated[Path, tyro.conf.arg(help="A run folder, or its best/ folder.")]
Out = Annotated[Path, tyro.conf.arg(help="Where to write; a file that is there is not overwritten.")]
Overwrite = Annotated[bool, tyro.conf.arg(help="Write over what is there.")]
Seed = Annotated[int, tyro.conf.arg(help="The result is a pure function of it.")]
Device = Annotated[str, tyro.conf.arg(help="Where to compute: auto, cpu, cuda or mps.")]
Data = Annotated[
    str | None, tyro.conf.arg(help="A folder, archive, file or name of a data set; without it the run's own.")
]
Split = Annotated[str, tyro.conf.arg(help="Which items: train, val, test or all.")]
Label = Annotated[
    str | None, tyro.conf.arg(help="A class by number or name, for a model that was trained with labels.")
]
Temperature = Annotated[
    float, tyro.conf.arg(help="Below 1 sharpens what is drawn, where the model knows what that means.")
]
BatchSize = Annotated[int, tyro.conf.arg(help="How many at a time.")]
Count = Annotated[int, tyro.conf.arg(aliases=("-n",), help="How many.")]
Completions = Annotated[
    int | None,
    tyro.conf.arg(aliases=("-k",), help="Completions of each; 4, or 1 by a run that has but one of a hole."),
]
Mask = Annotated[
    str,
    tyro.conf.arg(
        help="What is hidden: top, bottom, left, right, center, or an image file of the same size "
        "whose white pixels are hidden."
    ),
]
Steps = Annotated[int, tyro.conf.arg(help="Images in a walk, both ends included.")]
Along = Annotated[
    Literal["auto", "linear", "spherical"],
    tyro.conf.arg(help="auto is spherical between draws from the prior and linear between codes."),
]
Prior = Annotated[bool, tyro.conf.arg(help="Between draws from the prior, not between images.")]
Mean = Annotated[bool, tyro.conf.arg(help="The mean of p(x|z) instead of a draw from it.")]
Draws = Annotated[int, tyro.conf.arg(help="Draws of the bound for each item.")]
Limit = Annotated[int | None, tyro.conf.arg(help="Only the first so many items.")]
JsonOut = Annotated[Path | None, tyro.conf.arg(help="A .json file to write the results to.")]
