"""Tables of the causal nets' benchmarks, from benchmarks/results/*.json, for the documentation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from genzoo.files import read_json

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
Rows = Callable[[dict[str, Any]], tuple[str, list[list[str]]]]


def recorded(name: str, rows: Rows, table: Callable[[str, list[list[str]]], str]) -> str:
    """The table of a benchmark's result with where and how it was measured."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return "Not measured yet."
    said = read_json(path)
    machine, versions = said["machine"], said["versions"]
    where = machine["gpu"] or f"{machine['cpu']}, {machine['cores']} cores"
    threads = f"{machine['threads']} {'thread' if machine['threads'] == 1 else 'threads'}"
    about = f"`{said['command']}`, {said['date']}, {where}, {threads}, torch {versions['torch']}"
    return f"{table(*rows(said))}\n\nMeasured by {about}."


def sampling(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What a sample costs in forward passes."""
    rows = [
        [
            name, f"{x['sample_ms']:,.1f} ms", f"{x['forward_ms']:,.1f} ms", f"**{x['passes']}**",
            str(x["floor_passes"]), f"{x['naive_passes']:,}",
        ]
        for name, x in said["passes"].items()
    ]  # fmt: skip
    return "net, size | samples | forward pass | in passes | floor by operations | naive", rows


def nats(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Exact nats at equal images seen."""
    rows = []
    for name, x in said["table"].items():
        value = f"{-x['nats']:.2f}" + (f" ± {x['sd']:.2f}" if x["sd"] is not None else "")
        cost = [f"{x['parameters']:,}", f"{x['cpu_seconds_to_train']:,} s"]
        rows.append([f"`{name}`", value, str(x["seeds"]), *cost])
    images = f"{said['settings']['images']:,} images"
    return f"net | −log p, nats, after {images} (mean ± sd) | seeds | parameters | CPU time of training", rows


def steps(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Training steps against hand-written nets."""
    rows = [
        [
            f"`{name}`",
            *(f"{rate['median_items_per_second']:,.0f}" for rate in x["rates"].values()),
            f"{x['ratio']}×",
        ]
        for name, x in said["results"].items()
    ]
    return "net, 28×28 | genzoo, images/s | plain PyTorch, images/s | ratio", rows


def codec(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What files take beside other formats."""
    rows = []
    for name, x in said["runs"].items():
        sizes = "<br>".join(
            f"{form}: {size:,}" for form, size in sorted(x["bytes"].items(), key=lambda i: i[1])
        )
        speed = f"{x['compress_symbols_per_second']:,} / {x['decompress_symbols_per_second']:,}"
        megabytes = f"{x['compress_megabytes_per_second']:.2f} / {x['decompress_megabytes_per_second']:.2f}"
        payload = f"{x['payload_bits_per_dim']:.4f} ({x['payload_over_model_percent']:+.3f}%)"
        exact = "bit-exact" if x["exact"] else "NOT exact"
        rows.append([f"`{name}`", f"{x['images']:,}, {exact}", payload, sizes, speed, megabytes])
    heading = (
        "run | images | payload, bits/dim (over the model's own) | bytes | symbols/s there / back | MB/s"
    )
    return heading, rows


ROWS: dict[str, Rows] = {
    "sampling": sampling,
    "sampling-paper": sampling,
    "nats": nats,
    "steps": steps,
    "codec": codec,
}
