"""`genzoo encode`: the code of every image."""

from genzoo.cli.options import Data, Device, Out, Overwrite, Run, Seed, Split


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Write the code of every item of a split: a posterior's mean where it is random.

    --out NAME.npz gets codes, the index of each item in its data set, and labels if there are any.
    """
    import numpy as np

    from genzoo.apply import encode
    from genzoo.cli.console import progress
    from genzoo.cli.opened import data_for, open_for
    from genzoo.cli.output import form_of, write_arrays
    from genzoo.data.batches import in_order

    form_of(out, {"arrays"}, overwrite=overwrite)
    opened = open_for("encode", run, device)
    dataset = data_for(opened, data)
    positions = dataset.split(split)
    codes = []
    with progress("encoding", len(positions)) as tick:
        for batch in in_order(dataset, split, view=opened.view, seed=seed, requires=opened.model.requires):
            codes.append(encode(opened.model, batch.images, batch.given, tick=tick).float().cpu().numpy())
    labels = {} if dataset.labels is None else {"labels": dataset.labels[positions]}
    write_arrays(out, codes=np.concatenate(codes), index=positions, **labels)
