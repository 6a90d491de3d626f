"""`genzoo cluster`: items in groups by their codes, beside their classes if they have any."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from genzoo.cli.options import Data, Device, Limit, Overwrite, Run, Seed, Split
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset
    from genzoo.evaluation.clustering import Agreement, Clusters
    from genzoo.evaluation.representation import Taken

Clustered = Annotated[
    Path | None,
    tyro.conf.arg(
        help="A picture (.png) with a row for each cluster, a table (.csv), or everything (.json)."
    ),
]
Groups = Annotated[
    int | None, tyro.conf.arg(aliases=("-k",), help="Clusters; without it as many as there are classes.")
]
Method = Annotated[
    Literal["k-means", "mixture"], tyro.conf.arg(help="What makes the clusters that are shown and written.")
]
Layer = Annotated[
    Literal["code", "hidden"],
    tyro.conf.arg(help="What is clustered and written: the code, or the encoder's hidden layers."),
]
Seeds = Annotated[int, tyro.conf.arg(help="Clusterings of each kind that the table is a mean of.")]
Shown = Annotated[int, tyro.conf.arg(aliases=("-n",), help="Images in a row of the picture.")]
SUFFIXES = (".png", ".csv", ".json")


def command(
    run: Run,
    /,
    *,
    out: Clustered = None,
    data: Data = None,
    groups: Groups = None,
    method: Method = "k-means",
    layer: Layer = "code",
    split: Split = "test",
    limit: Limit = None,
    n: Shown = 16,
    seeds: Seeds = 5,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Group items by their codes. With labels: how well the groups are the classes, beside pixels and PCA.

    NMI (normalised mutual information) and ARI (adjusted Rand index) are 1 where clusters and classes are the
    same, near 0 where they have nothing in common. A picture has a row of images for each cluster.
    """
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress
    from genzoo.cli.opened import data_for, open_for
    from genzoo.evaluation.clustering import agreements, cluster

    opened = open_for("cluster", run, device)
    check_out(opened, out, n, overwrite=overwrite)
    dataset = data_for(opened, data)
    positions, k = dataset.split(split)[:limit], count_of(dataset, groups)
    found = []
    if dataset.labels is not None:
        options: Any = {"view": opened.view, "seeds": seeds, "seed": seed}
        with progress("features", None) as tick:
            found = agreements(opened.model, dataset, positions, k, **options, tick=tick)
        console().print(table(found, str(run)))
    if out is not None:
        codes = features(opened, dataset, positions, layer, seed)
        write(out, opened, dataset, codes, cluster(codes.values, k, method=method, seed=seed), n, found)


def check_out(opened: "Opened", out: Path | None, n: int, *, overwrite: bool) -> None:
    """BadInput if nothing can be written to `out`, or no picture of `n` images a row drawn."""
    from genzoo.cli.opened import image_size
    from genzoo.cli.output import check_suffix

    if out is None:
        return
    check_suffix(out, SUFFIXES, overwrite=overwrite)
    if out.suffix.lower() == ".png":
        image_size(opened)
        if n < 1:
            raise BadInput(f"-n must be at least 1, got {n}")


def count_of(dataset: "Dataset", groups: int | None) -> int:
    """How many clusters: as said, or as many as there are classes."""
    from genzoo.data.few import classes_of

    if groups is None:
        if dataset.labels is None:
            raise BadInput(f"{dataset.name}: no labels to count classes by; say how many clusters with -k")
        return classes_of(dataset)
    if groups < 1:
        raise BadInput(f"-k must be at least 1, got {groups}")
    return groups


def table(found: "list[Agreement]", title: str) -> "Table":
    """A row for each kind of features and of clusters."""
    from rich.markup import escape
    from rich.table import Table

    caption = (
        f"{found[0].clusters} clusters of {found[0].n:,} items; mean ± sd of {found[0].seeds} beginnings"
    )
    drawn = Table(title=escape(title), caption=caption, box=None, padding=(0, 2, 0, 0))
    for heading in ("features", "numbers", "clusters by", "NMI", "ARI"):
        drawn.add_column(heading, justify="left" if heading in ("features", "clusters by") else "right")
    for one in found:
        scores = (f"{one.nmi:.3f} ± {one.nmi_sd:.3f}", f"{one.ari:.3f} ± {one.ari_sd:.3f}")
        drawn.add_row(one.features or "code", str(one.size), one.method, *scores)
    return drawn


def features(opened: "Opened", dataset: "Dataset", positions: "NDArray", layer: Any, seed: int) -> "Taken":
    """What is clustered, of every item."""
    from functools import partial

    from genzoo.cli.console import progress
    from genzoo.evaluation.representation import represent, take

    with progress("encoding", len(positions)) as tick:
        represented = partial(represent, opened.model, layer=layer)
        return take(represented, dataset, positions, view=opened.view, seed=seed, tick=tick)


def write(
    out: Path,
    opened: "Opened",
    dataset: "Dataset",
    codes: "Taken",
    clusters: "Clusters",
    n: int,
    found: "list[Agreement]",
) -> None:
    """The clusters as a picture, a table, or JSON."""
    from genzoo.cli.console import wrote
    from genzoo.cli.opened import image_size
    from genzoo.cli.output import write_picture
    from genzoo.files import write_json, write_text

    assigned, rows = clusters.assigned.tolist(), codes.positions.tolist()
    said = f"{len(rows):,} items in {len(set(assigned))} clusters"
    if out.suffix.lower() == ".png":
        write_picture(picture(opened, dataset, codes, clusters, n), out, image_size(opened), said)
        return
    if out.suffix.lower() == ".json":
        items = [{"index": i, "cluster": c} for i, c in zip(rows, assigned, strict=True)]
        write_json(out, {"agreement": [one.to_json() for one in found], "items": items})
    else:
        file = io.StringIO()
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["index", "file", "class", "cluster"])
        for i, c in zip(rows, assigned, strict=True):
            name = dataset.names[i] if dataset.names else ""
            table.writerow([i, name, class_of(dataset, i), c])
        write_text(out, file.getvalue())
    wrote(out, said)


def class_of(dataset: "Dataset", position: int) -> str:
    """The name of an item's class, its number if it has none, or nothing."""
    if dataset.labels is None:
        return ""
    number = int(dataset.labels[position])
    return dataset.classes[number] if number < len(dataset.classes) else str(number)


def picture(opened: "Opened", dataset: "Dataset", codes: "Taken", clusters: "Clusters", n: int) -> Any:
    """A row of the `n` images nearest to the middle of each cluster; white where a cluster has fewer."""
    import torch

    from genzoo.apply.pictures import filled, rows_picture
    from genzoo.data.batches import in_order

    rows = []
    for number in clusters.assigned.unique().tolist():
        members = (clusters.assigned == number).nonzero().flatten()
        best = members[clusters.typical[members].argsort(descending=True)[:n]]
        positions = codes.positions[best.numpy()]
        images = next(in_order(dataset, positions, view=opened.view, size=n)).images
        rows.append(filled(images, n))
    return rows_picture(torch.stack(rows))
