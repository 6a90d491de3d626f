"""Tables of benchmarks of what is made from pictures: translations, completions, nets that grow."""

from typing import Any

from recorded import Rows, spread


def facades(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What can be read off photographs made from labels, and how far they are from the true ones."""
    found, rows = said["results"], []
    lines = {name: x["mean_and_sd"] for name, x in found.items() if "mean_and_sd" in x}
    beside = {
        "real": "the true photographs",
        "copy": "labels as they are",
        "colours": "labels in their colours",
    }
    lines |= {words: found["beside"][name] for name, words in beside.items()}
    for name, x in lines.items():
        read = [spread(x[f"label_{key}"], 3) for key in ("accuracy", "class_accuracy", "iou")]
        others = [(x.get("partner_error"), 3), (x.get("translated_fid"), 1), (x.get("draws_apart"), 3)]
        paper = said["paper"].get({"the true photographs": "real"}.get(name, name))
        cells = [*read, *("" if v is None else spread(v, digits) for v, digits in others)]
        rows.append([name, *cells, "" if paper is None else f"{paper[0]:.2f}"])
    heading = "generator pays for | pixels read right | mean over classes | IoU | error to the true one"
    return f"{heading} | Fréchet distance | two draws apart | pixels read right, Cityscapes (paper)", rows


def unpaired(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Translations beside hidden partners, with pairs and without."""
    results = said["results"]
    cycle, paired = (results[name]["mean_and_sd"] for name in ("cyclegan", "pix2pix"))
    lines = []
    for to, way in (("B", "Noto → OpenMoji"), ("A", "OpenMoji → Noto")):
        lines.append((way, "CycleGAN, pairs hidden", cycle[f"to {to}"]))
        lines += [(way, "pix2pix, pairs known", paired["to B"])] if to == "B" else []
        lines.append((way, "copied", cycle[f"to {to}: copy"]))
        lines.append((way, "colours matched", cycle[f"to {to}: colours"]))
    rows = []
    for way, name, x in lines:
        numbers = [(x["partner_error"][0], 4), (x["partner_ssim"][0], 3), (x["translated_fid"][0], 1)]
        rows.append([way, name, *(f"{value:.{digits}f}" for value, digits in numbers)])
    return "way | translation | error to the hidden partner | SSIM to it | Fréchet distance", rows


def folders(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """A folder of mixed sizes, translated."""
    x = said["results"]
    whole, part, again = x["all"], x["a_fifth"], x["given_again"]
    stopped = f"code {x['interrupted']['code']}, {x['interrupted']['files_there']} there"
    apart = f"{again['files_that_differ']} by {again['levels_at_most']} of 255 levels"
    rows = [
        ["names kept", "yes" if x["names_kept"] else "no"],
        ["bad files listed", f"{len(x['listed_as_skipped'])} of {len(x['bad_files'])}"],
        [
            "images a second",
            f"{whole['images_per_second']} ({x['images'] / whole['cpu_seconds']:.0f} a CPU second)",
        ],
        ["peak memory", f"{whole['peak_mib']} MiB; of {part['images']} images {part['peak_mib']} MiB"],
        ["interrupted, given again", f"{stopped}; then {'all' if again['all_there'] else 'not all'}"],
        ["files that differ from an unbroken call's", apart],
    ]
    return f"{x['images']:,} images, 24 to 256 pixels a side | found", rows


def completions(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """What each phase of a completion net reaches in the hole."""
    lines = {name: x["numbers"] for name, x in said["seeds"][0].items()}
    rows = []
    for name, numbers in lines.items():
        cells = [_numbers(numbers, kind, "") for kind in ("boxes", "strokes")]
        rows.append([name, *cells[0], *cells[1]])
    for filling in ("mean colour", "smooth"):
        cells = [_numbers(said["baselines"], kind, f": {filling}") for kind in ("boxes", "strokes")]
        rows.append([f"{filling}, no net", *cells[0], *cells[1]])
    what = ["error", "PSNR", "Fréchet", "in random features"][: len(rows[0]) // 2]
    kinds = " | ".join(f"{kind}: {name}" for kind in ("boxes", "strokes") for name in what)
    return f"trained by | {kinds}", rows


def _numbers(found: dict[str, Any], kind: str, of: str) -> list[str]:
    names = [(f"hole_error[{kind}{of}]", 4), (f"hole_psnr[{kind}{of}]", 2), (f"completed_fid[{kind}{of}]", 3)]
    names.append((f"completed_fid_in_random_features[{kind}{of}]", 3))
    return [f"{found[name]['value']:.{digits}f}" for name, digits in names if name in found]


def growing(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """A net that grows beside one that does not, after as many images."""
    rows = []
    for name, x in said["results"].items():
        run, (recipe, _, rest) = x["runs"][0], name.partition(",")
        stages = ", ".join(f"{side}×{side}: {value:,.0f}" for side, value in run.get("stages", {}).items())
        images = f"{x['options']['images']:,}"
        one = len(x["runs"]) == 1
        distances = [f"{x[key][0]:.2f}" if one else spread(x[key]) for key in ("last", "best")]
        seconds = f"{x['processor_seconds'][0]:,.0f}"
        rows.append(
            [f"`{recipe}`{rest and ','}{rest}", images, *distances, str(len(x["runs"])), seconds, stages]
        )
    heading = "recipe | images seen | Fréchet distance at the end | at its best | seeds | CPU seconds"
    return f"{heading} | seconds of training by stage", rows


def translation_steps(said: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """Training steps of pix2pix and CycleGAN beside hand-written ones."""
    rows = []
    for game, found in said["games"].items():
        for name, x in found["results"].items():
            times = f"{x['times_as_fast_as']['by hand']}×"
            rows.append([game, name, f"{x['cpu_ms_per_step']:,.0f} ms", times, f"{x['peak_mib']:,} MiB"])
    return "256×256, batch 1 | step | CPU time | × by hand | peak memory", rows


ROWS: dict[str, Rows] = {
    "facades": facades,
    "unpaired-emoji": unpaired,
    "folders": folders,
    "completion": completions,
    "completion-cifar10": completions,
    "growing-cifar10": growing,
    "growing-emoji": growing,
    "translation-steps": translation_steps,
}
