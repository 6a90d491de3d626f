"""`genzoo forecast`: simulated futures of a time series or an image sequence, and how good they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.films import Options, continue_films
from genzoo.cli.options import (
    BatchSize,
    Count,
    Data,
    Device,
    Out,
    Overwrite,
    Run,
    Seed,
    Split,
    Temperature,
)
from genzoo.errors import BadInput

if TYPE_CHECKING:
    import torch
    from rich.table import Table

    from genzoo.apply import AtHorizon
    from genzoo.cli.opened import Opened
    from genzoo.data import Dataset
    from genzoo.types import Batch

Past = Annotated[
    int | None, tyro.conf.arg(help="Steps (or frames) that are given; without it half of a window.")
]
Futures = Annotated[int, tyro.conf.arg(aliases=("-k",), help="Futures of each window.")]
Frame = Annotated[int | None, tyro.conf.arg(help="Rows of a frame, for image sequences.")]
Ahead = Annotated[bool, tyro.conf.arg(help="From the end of the series on: a future that no one knows yet.")]


def command(
    run: Run,
    /,
    *,
    out: Out,
    past: Past = None,
    k: Futures = 8,
    n: Count = 16,
    data: Data = None,
    split: Split = "test",
    frame: Frame = None,
    ahead: Ahead = False,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    batch: BatchSize = 64,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Simulate what follows a given past, k times for each of n windows.

    --out NAME.png is a chart (for image sequences the frames: what came, then the futures; in columns, and
    moving in NAME.gif, where a run is given first frames); NAME.csv and NAME.npz get the numbers, of a series
    in its own units. It also prints how good these are beside a naive forecast: that all stays as it is now.
    """
    from genzoo.cli.opened import data_for, open_for

    how = {"k": k, "seed": seed, "temperature": temperature, "batch": batch}
    opened = open_for("forecast", run, device)
    if _continues(opened, {"--past": past, "--frame": frame, "--ahead": ahead or None}):
        continue_films(opened, out, Options(data, split, n), how, overwrite=overwrite)
        return
    dataset = data_for(opened, data)
    _check_out(out, dataset, overwrite)
    rows = _rows(dataset, frame)
    given = _past_rows(opened, past, rows)
    windows = _end(opened, dataset, given) if ahead else _spread(opened, dataset, split, n)
    drawn = _drawn(opened, windows, given, how)
    if not ahead:
        _measure(opened, dataset, windows, drawn, given)
    _write(out, dataset, None if ahead else windows, drawn, given, rows)


def _continues(opened: "Opened", flags: dict[str, Any]) -> bool:
    """Whether a run is given a first frame and draws all that follow; BadInput for flags without a use."""
    from genzoo.models.base import capabilities

    if "forecast" not in capabilities(opened.model):
        return False
    for flag, value in flags.items():
        if value is not None:
            raise BadInput(
                f"{flag}: {opened.path} is given the first frame and draws all others; leave it out"
            )
    return True


def _past_rows(opened: "Opened", past: int | None, rows: int) -> int:
    """Rows that are given: those of so many steps or frames, else of half of them."""
    from genzoo.apply import check_past
    from genzoo.cli.opened import image_size

    height, _ = image_size(opened)
    given = rows * (height // rows // 2 if past is None else past)
    check_past(given, height)
    return given


def _drawn(opened: "Opened", windows: "Batch", past: int, how: dict[str, Any]) -> "torch.Tensor":
    from genzoo.apply import forecast
    from genzoo.cli.console import progress

    x = windows.images
    with progress("forecasting", len(x) * how["k"]) as tick:
        return forecast(opened.model, x, past, windows.given, known=windows.known, **how, tick=tick).cpu()


def _check_out(out: Path, dataset: "Dataset", overwrite: bool) -> None:
    from genzoo.cli.output import check_suffix
    from genzoo.report.futures import check_matplotlib

    check_suffix(out, (".png", ".csv", ".npz"), overwrite=overwrite)
    if out.suffix == ".csv" and not dataset.scaling:
        raise BadInput(f"--out {out}: {dataset.name} is no series; a sequence of images goes to .png or .npz")
    if out.suffix == ".png" and dataset.scaling:
        check_matplotlib()


def _rows(dataset: "Dataset", frame: int | None) -> int:
    """Rows of a step: 1 of a series, of image sequences as the user says."""
    if frame is None and not dataset.scaling:
        raise BadInput(f"{dataset.name} is no series: --frame N says how many rows a frame has")
    if frame is not None and (frame < 1 or dataset.shape[1] % frame):
        raise BadInput(f"--frame {frame}: items of {dataset.shape[1]} rows are no whole frames of it")
    return frame or 1


def _spread(opened: "Opened", dataset: "Dataset", split: str, n: int) -> "Batch":
    """`n` windows of a split, evenly spaced in time."""
    import numpy as np

    from genzoo.data import in_order

    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    positions = dataset.split(split)
    n = min(n, len(positions))
    chosen = positions[np.linspace(0, len(positions) - 1, n).round().astype(int)]
    return next(in_order(dataset, chosen, view=opened.view, size=n, requires=opened.model.requires))


def _end(opened: "Opened", dataset: "Dataset", past: int) -> "Batch":
    """The last `past` rows of all."""
    import numpy as np

    from genzoo.data import in_order

    view, last = opened.view, np.array([len(dataset) - 1])
    return next(in_order(dataset, last, view=view, requires=opened.model.requires)).map(
        lambda t: t[:, :, -past:] if t.ndim == 4 else t
    )


def _measure(
    opened: "Opened", dataset: "Dataset", windows: "Batch", drawn: "torch.Tensor", past: int
) -> None:
    """Prints what a series' futures are worth at horizons 1, 2, 4, 8 …, beside the naive forecast."""
    from genzoo import apply
    from genzoo.cli.console import out, progress
    from genzoo.data.batches import gather

    if not dataset.scaling or windows.known is not None:
        return
    train = gather(dataset, dataset.split("train"), opened.view, 0)
    naive = apply.RandomWalk(train, opened.model.levels or opened.view.values)
    last = windows.images.shape[2] - past
    horizons = [1 << i for i in range(last.bit_length()) if 1 << i <= last]
    with progress("measuring", None):
        found = apply.forecast_quality(
            opened.model, windows.images, drawn, past, naive, horizons, windows.given
        )
    out().print(_table(found, len(windows), drawn.shape[1]))


def _table(found: "list[AtHorizon]", n: int, k: int) -> "Table":
    from rich.table import Table

    table = Table(
        "steps ahead", "nats a value", "naive nats", "error", "naive error", f"best of {k}",
        title=f"{n} windows; error of the mean of {k} futures, as a share of the range",
        box=None, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for at in found:
        numbers = (at.nats, at.naive_nats, at.error, at.naive_error, at.best_error)
        table.add_row(str(at.horizon), *("–" if x is None else f"{x:.3f}" for x in numbers))
    return table


def _write(
    out: Path, dataset: "Dataset", windows: "Batch | None", drawn: "torch.Tensor", past: int, rows: int
) -> None:
    """The chart or strip, the table, or the arrays."""
    from genzoo import apply
    from genzoo.cli.output import write_arrays, write_picture

    if dataset.scaling:
        _write_series(out, dataset, windows, drawn, past)
    elif out.suffix == ".npz":
        truth = {} if windows is None else {"originals": windows.images.numpy()}
        write_arrays(out, **truth, futures=drawn.float().numpy())
    else:
        true = drawn[:, 0] if windows is None else windows.images
        strip = apply.futures_strip(true, drawn, rows)
        first = "the first future" if windows is None else "what came"
        what = f"{len(drawn)} sequences: {first}, {drawn.shape[1]} futures"
        write_picture(strip, out, (rows, drawn.shape[-1]), what)


def _write_series(
    out: Path, dataset: "Dataset", windows: "Batch | None", drawn: "torch.Tensor", past: int
) -> None:
    """In the units of the series."""
    from genzoo.cli.console import wrote
    from genzoo.cli.output import write_arrays
    from genzoo.files import atomic
    from genzoo.report.futures import futures_chart

    assert dataset.scaling is not None
    names = dataset.scaling.names
    futures = dataset.scaling.to_units(drawn[:, :, 0].double().numpy())  # n k h d
    truth = None if windows is None else dataset.scaling.to_units(windows.images[:, 0].double().numpy())
    if out.suffix == ".npz":
        write_arrays(out, futures=futures, **({} if truth is None else {"originals": truth}))
    elif out.suffix == ".csv":
        lines = [",".join(["window", "future", "step", *names])]
        for i, j, t in (
            (i, j, t)
            for i, f in enumerate(futures)
            for j in range(f.shape[0])
            for t in range(past, f.shape[1])
        ):
            lines.append(
                ",".join([str(i), str(j), str(t - past + 1), *(f"{x:.6g}" for x in futures[i, j, t])])
            )
        with atomic(out) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        wrote(out, f"{len(lines) - 1:,} rows")
    else:
        with atomic(out) as temporary:
            futures_chart(truth, futures, past, names).save(temporary, format="PNG")
        wrote(out, f"{min(3, len(futures))} windows, {futures.shape[1]} futures each")
