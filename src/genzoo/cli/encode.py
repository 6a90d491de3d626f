"""`genzoo encode`: the code, or the features, of every image, as arrays or as a table."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from genzoo.cli.options import Data, Device, Out, Overwrite, Run, Seed, Split
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genzoo.data.dataset import Dataset

Layer = Annotated[
    Literal["code", "hidden"],
    tyro.conf.arg(
        help="What is written: the code, or all hidden layers of the encoder. A critic has hidden."
    ),
]
Scales = Annotated[
    bool,
    tyro.conf.arg(
        help="Write the standard deviations of q(z|x) too: who trains on the file draws z anew each time."
    ),
]


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    layer: Layer = "code",
    scales: Scales = False,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Write the code of every item of a split: a posterior's mean where it is random; a critic's features.

    --out NAME.npz gets codes, the index of each item in its data set, labels and the names of the classes,
    and with --split all the split of each item: it is a data set for --data. NAME.parquet is a table with a
    row for each item: index, file, label, class, f0000, f0001, …
    """
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.opened import data_for, open_for
    from genzoo.cli.output import write_arrays

    check_out(out, overwrite=overwrite)
    opened = open_for("encode", run, device)
    dataset = data_for(opened, data)
    positions = dataset.split(split)
    if scales:
        check_scales(opened, out, layer)
    with progress("encoding", len(positions)) as tick:
        codes = codes_of(opened, dataset, positions, layer, seed, tick)
    if out.suffix.lower() == ".parquet":
        write_parquet(out, codes, dataset, positions)
        wrote(out, f"{len(codes):,} rows, {codes[0].size} features each")
    else:
        known = beside(dataset, positions, whole=split == "all")
        if scales:
            known["scales"] = scales_of(opened, dataset, positions, seed)
        write_arrays(out, codes=codes, index=positions, **known)


def beside(dataset: "Dataset", positions: "NDArray", *, whole: bool) -> "dict[str, NDArray]":
    """What is known of items beside their codes: labels, names of classes, of a whole set the splits."""
    import numpy as np

    found: dict[str, Any] = {}
    if dataset.labels is not None:
        found["labels"] = dataset.labels[positions]
        if dataset.classes:
            found["classes"] = np.array(dataset.classes)
    if whole:
        found["split"] = np.full(len(positions), "", "U5")
        for name, members in dataset.splits.items():
            found["split"][members] = name
    return found


def check_scales(opened: Any, out: Path, layer: str) -> None:
    """BadInput unless the code is a posterior's mean, and can stand in a file beside the deviations."""
    from genzoo.models.base import Latent

    name = type(opened.model).__name__
    if not isinstance(opened.model, Latent) or layer != "code":
        raise BadInput(f"--scales: the {layer} of this {name} is no posterior's mean; a vae has one")
    if out.suffix.lower() != ".npz":
        raise BadInput(f"--scales: --out {out} must be a name ending in .npz")


def scales_of(opened: Any, dataset: "Dataset", positions: "NDArray", seed: int) -> "NDArray":
    """The standard deviations of q(z|x) of every item."""
    import numpy as np

    from genzoo.data.batches import in_order
    from genzoo.densities import Gaussian
    from genzoo.models.base import evaluating

    model, found = opened.model, []
    with evaluating(model):
        for raw in in_order(dataset, positions, view=opened.view, seed=seed, requires=model.requires):
            batch = raw.map(model.placed)
            q = model.posterior(batch.images, batch.given)
            if not isinstance(q, Gaussian):
                raise BadInput("--scales: this posterior is no diagonal Gaussian; leave --scales out")
            found.append(q.log_scale.exp().float().cpu().numpy())
    return np.concatenate(found)


def check_out(out: Path, *, overwrite: bool) -> None:
    """BadInput if neither arrays nor a table can be written to `out`."""
    from genzoo.cli.output import check_suffix

    check_suffix(out, (".npz", ".parquet"), overwrite=overwrite)
    if out.suffix.lower() == ".parquet":
        _pyarrow(out)


def codes_of(
    opened: Any,
    dataset: "Dataset",
    positions: "NDArray",
    layer: Literal["code", "hidden"],
    seed: int,
    tick: Any,
) -> "NDArray":
    """The code of every item; of a model without a code, or by `layer`, its hidden layers."""
    import numpy as np

    from genzoo.apply import encode
    from genzoo.data.batches import in_order
    from genzoo.evaluation.representation import represent
    from genzoo.models.base import Encodes

    model, codes = opened.model, []
    has_code = isinstance(model, Encodes) and layer == "code"
    for batch in in_order(dataset, positions, view=opened.view, seed=seed, requires=model.requires):
        if has_code:
            code = encode(model, batch.images, batch.given, tick=tick)
        else:
            code = represent(model, batch.images, batch.given, layer="hidden")
            tick(len(batch))
        codes.append(code.float().cpu().numpy())
    return np.concatenate(codes)


def _pyarrow(out: Path) -> Any:
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise BadInput(f"--out {out}: needs pyarrow, pip install 'genzoo[parquet]'; or give .npz") from error


def write_parquet(out: Path, codes: "NDArray", dataset: "Dataset", positions: "NDArray") -> None:
    """A table with a row for each item: where it came from, its label, and its features."""
    from genzoo.files import atomic

    arrow = _pyarrow(out)
    columns: dict[str, Any] = {"index": positions}
    columns["file"] = arrow.array(
        [dataset.names[i] for i in positions] if dataset.names else [None] * len(codes)
    )
    columns["file"] = columns["file"].cast(arrow.string())
    if dataset.labels is not None:
        labels = dataset.labels[positions]
        columns["label"] = labels
        names = [dataset.classes[k] if k < len(dataset.classes) else str(k) for k in labels]
        columns["class"] = arrow.array(names).dictionary_encode()
    flat = codes.reshape(len(codes), -1)
    width = max(4, len(str(flat.shape[1] - 1)))
    columns |= {f"f{i:0{width}d}": flat[:, i].copy() for i in range(flat.shape[1])}
    with atomic(out) as temporary:
        arrow.parquet.write_table(arrow.table(columns), temporary)
