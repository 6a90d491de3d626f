"""`genzoo evaluate`: exact likelihood, bound and reconstruction error, each with its protocol."""

from genzoo.cli.options import BatchSize, Data, Device, Draws, JsonOut, Limit, Overwrite, Run, Seed, Split


def command(
    run: Run,
    /,
    *,
    data: Data = None,
    split: Split = "test",
    samples: Draws = 16,
    limit: Limit = None,
    batch: BatchSize = 64,
    seed: Seed = 0,
    device: Device = "auto",
    out: JsonOut = None,
    overwrite: Overwrite = False,
) -> None:
    """Measure a model on a split of DATA: whatever it has of exact log-probability, bound, reconstruction.

    Nats of a density are marked so and have no bits/dim. Exact values, bounds and errors have columns of
    their own: a bound is no likelihood.
    """
    from genzoo import evaluation
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.opened import data_for, open_for
    from genzoo.cli.output import form_of
    from genzoo.cli.results import document, table
    from genzoo.files import write_json

    if out is not None:
        form_of(out, {"json"}, overwrite=overwrite)
    opened = open_for("evaluate", run, device)
    dataset = data_for(opened, data)
    with progress("evaluating", len(dataset.split(split)[:limit])) as tick:
        options = {"batch": batch, "seed": seed, "samples": samples}
        results = evaluation.evaluate(
            opened.model, dataset, view=opened.view, split=split, limit=limit, tick=tick, **options
        )
    console().print(table(results, str(run)))
    if out is not None:
        write_json(out, document(opened, data, results))
        wrote(out, f"{len(results)} results")
