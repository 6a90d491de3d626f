"""Tables of benchmarks, from benchmarks/results/*.json, for the documentation."""

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
    commands = "`, `".join(dict.fromkeys(said.get("commands", {"": said["command"]}).values()))
    about = f"`{commands}`, {said['date']}, {where}, {threads}, torch {versions['torch']}"
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
    seen = f"{said['settings']['images']:,} images"
    return f"net | −log p, nats, after {seen} (mean ± sd) | seeds | parameters | CPU time of training", rows


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


def sizes(run: dict[str, Any]) -> str:
    """Bytes by format, the shortest first."""
    return "<br>".join(f"{form}: {size:,}" for form, size in sorted(run["bytes"].items(), key=lambda i: i[1]))


def images(run: dict[str, Any]) -> str:
    """How many images, and whether they came back."""
    return f"{run['images']:,}, {'bit-exact' if run['exact'] else 'NOT exact'}"


def codec(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What files take beside other formats."""
    rows = []
    for name, x in said["runs"].items():
        speed = f"{x['compress_symbols_per_second']:,} / {x['decompress_symbols_per_second']:,}"
        megabytes = f"{x['compress_megabytes_per_second']:.2f} / {x['decompress_megabytes_per_second']:.2f}"
        payload = f"{x['payload_bits_per_dim']:.4f} ({x['payload_over_model_percent']:+.3f}%)"
        rows.append([f"`{name}`", images(x), payload, sizes(x), speed, megabytes])
    heading = (
        "run | images | payload, bits/dim (over the model's own) | bytes | symbols/s there / back | MB/s"
    )
    return heading, rows


def bounds(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Bounds of log p(x), and what each arm gains over what it is measured against."""
    draws = f"iwae[{said['settings']['draws']}]"
    gains = {key.split(" - ")[0]: (key.split(" - ")[1], gain) for key, gain in said["paired"].items()}
    rows = []
    for name, x in said["arms"].items():
        cells = [f"{-x[key]['nats']:.2f} ± {x[key]['stderr']:.2f}" for key in ("elbo", "iwae[100]", draws)]
        cells[2] += "" if x[draws]["n"] > 1000 else f" (first {x[draws]['n']:,})"
        base, gain = gains.get(name, ("", None))
        better = f"{-gain['nats']:+.2f} ± {gain['stderr']:.2f} against `{base}`" if gain else ""
        rows.append([f"`{name}`: `{x['recipe']}`", *cells, better, f"{x['cpu_seconds']:,} s"])
    seen = f"{said['settings']['images']:,} images"
    heading = f"−bound, nats, after {seen} | −ELBO | 100 draws | {said['settings']['draws']:,} draws"
    return f"{heading} | paired difference | CPU time of training", rows


def naive(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What the same decoder reaches with an encoder and without, by the clock."""
    rows = []
    for arm in said["arms"].values():
        last = arm["curve"][-1]
        rows.append([arm["says"], f"{last['nats']:.1f}", f"{last['images']:,}"])
    return f"trained with | log p(x) after {said['settings']['seconds']:g} s, nats | images seen", rows


def beside_pythae(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Training steps of both libraries."""
    rows = []
    for x in said["steps"].values():
        rates = [str(x["rates"][who]["steps_per_cpu_second"]) for who in ("genzoo", "pythae")]
        rows.append([x["net"], *rates, f"{x['ratio']['steps_per_cpu_second']}×"])
    return "net | genzoo, steps a CPU second | pythae 0.1.2 | ratio", rows


def bits_back(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What a chain of images takes beside the bound and other formats."""
    rows = []
    for name, x in said["runs"].items():
        net = f"{x['net_bits_per_dim']:.4f} ({x['net_over_bound_percent']:+.3f}%)"
        whole = f"{x['total_bits_per_dim']:.4f} ({x['initial_bytes']} bytes)"
        speed = f"{x['compress_images_per_second']:,.0f} / {x['decompress_images_per_second']:,.0f}"
        rows.append([f"`{name}`", images(x), f"{x['bound_bits_per_dim']:.4f}", net, whole, sizes(x), speed])
    heading = "run | test images | −ELBO, bits/dim | net (over it) | with the initial bits | bytes"
    return f"{heading} | images/s there / back", rows


def gan_steps(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """A DCGAN's training step beside hand-written ones."""
    rows = []
    for name, x in said["results"].items():
        times = [f"{x['times_as_fast_as'][plain]}×" for plain in ("tutorial", "toggled")]
        rows.append([name, f"{x['cpu_ms_per_step']:,.0f} ms", *times, f"{x['peak_mib']} MiB"])
    return "DCGAN, 64×64, batch 64 | CPU time of a step | × tutorial | × toggled | peak memory", rows


def spread(value: list[float], digits: int = 2) -> str:
    """Mean ± standard deviation over seeds."""
    return f"{value[0]:.{digits}f} ± {value[1]:.{digits}f}"


def collapse(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Whether samples get worse again."""
    rows = []
    for name, x in said["results"].items():
        objective, _, recipe = name.partition(", ")
        ratio = f"**{spread(x['ratio'])}**, at most {x['worst_ratio']:.2f}"
        seeds = str(len(x["runs"]))
        rows.append([objective, f"`{recipe}`", spread(x["best"]), spread(x["last"]), ratio, seeds])
    return "divergence | settings | best | last | last ÷ best | seeds", rows


def modes(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Modes found by every game, mean ± standard deviation over seeds."""
    rows = []
    for data, games in said["results"].items():
        for number, (game, x) in enumerate(games.items()):
            found = {
                r["name"].partition("[")[0] + ("*" if "20 samples" in r["name"] else ""): r
                for r in x["results"]
            }
            cells = [
                spread([scale * found[key]["value"], scale * found[key]["stderr"]], digits)
                if key in found
                else ""
                for key, scale, digits in (
                    ("modes", 1, 1),
                    ("modes*", 1, 1),
                    ("high_quality", 100, 1),
                    ("reverse_kl", 1, 2),
                )
            ]
            seconds = x["processor_seconds"]
            rows.append(
                [
                    "" if number else f"`{data}`",
                    game,
                    *cells,
                    str(len(seconds)),
                    f"{sum(seconds) / len(seconds):,.0f} s",
                ]
            )
    heading = (
        "data | game | modes | with 20 samples | near one, % | reverse KL | seeds | CPU time of training"
    )
    return heading, rows


def tips(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """One change at a time."""
    rows = [
        [name, spread(x["last"], 1), spread(x["best"], 1), f"{x['processor_seconds']} s"]
        for name, x in said["results"].items()
    ]
    return "change | Fréchet distance at the end | at its best | CPU time of training", rows


def infogan(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What the codes of each seed came to mean."""
    rows = []
    for seed, run in enumerate(said["runs"]):
        strongest = [f"{max(abs(r) for r in run[name]):.2f}" for name in ("slant", "ink")]
        rows.append([str(seed), f"{run['error']:.1%}", *strongest, f"{run['processor_seconds']:,} s"])
    mean = f"**{said['mean']:.1%}** ± {said['sd']:.1%} (published {said['published']:.0%})"
    rows.append(["mean", mean, "", "", ""])
    head = "error of the category as a class | correlation of a number with the slant | with the ink"
    return f"seed | {head} | CPU time of training", rows


def infogan_ablation(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """The error of the category without one thing or another."""
    rows = [
        [name, ", ".join(f"{error:.1%}" for error in found["errors"])]
        for name, found in said["variants"].items()
    ]
    return f"at {said['size']}×{said['size']} | error of the category, a seed each", rows


def asked(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """How often a sample is read as the class that it was asked for."""
    rows = [
        [
            f"`{recipe}`",
            ", ".join(f"{run['share']:.1%}" for run in runs),
            f"{min(min(run['by_class']) for run in runs):.1%}",
            f"{max(run['processor_seconds'] for run in runs):,} s",
        ]
        for recipe, runs in said["results"].items()
    ]  # fmt: skip
    return "recipe | read as asked, a seed each | the worst class | CPU time of training", rows


def critic(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What a linear probe reads off a critic, and off what it stands beside."""
    (run,) = said["runs"].values()
    found = {r["name"]: r for r in run["results"]}
    rows = []
    for words, of in (
        ("the critic", ""),
        ("an untrained one", ":random"),
        ("pixels", ":pixels"),
        ("PCA", ":pca"),
    ):
        cells = []
        for labels in ("10", "100", "1000", "all"):
            r = found.get(f"probe_accuracy[{labels}{of}]")
            cells.append(f"{r['value']:.1%} ± {r['stderr']:.1%}" if r else "")
        rows.append([words, *cells])
    return "features of | 10 labels | 100 | 1,000 | all", rows


ROWS: dict[str, Rows] = {
    "infogan": infogan,
    "infogan-ablation": infogan_ablation,
    "asked": asked,
    "critic-cifar10": critic,
    "gan-steps": gan_steps,
    "collapse-mnist": collapse,
    "collapse-mnist-relativistic": collapse,
    "collapse-mnist-r3gan": collapse,
    "collapse-mnist5k": collapse,
    "collapse-cifar10": collapse,
    "modes": modes,
    "tips": tips,
    "sampling": sampling,
    "sampling-paper": sampling,
    "nats": nats,
    "steps": steps,
    "codec": codec,
    "bits-back": bits_back,
    "bounds": bounds,
    "naive": naive,
    "beside-pythae": beside_pythae,
}
