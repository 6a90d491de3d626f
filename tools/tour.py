"""Runs every command of the tour as a user would, on real images, and writes what it said and drew.

docs/tour.md is the source: between `<!-- tour … -->` and `<!-- /tour -->` stand a console block, whose lines
that begin with `$ ` are run in order, and pictures `img/NAME.png`, which a command wrote as NAME.png. What
the commands printed replaces what stands there. Options of a marker: `stop=30%` sends Ctrl-C when that is
printed, `exit=2` is the expected exit code, `lines=8` keeps so many lines at both ends of what was said.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genzoo import recipes
from genzoo.files import write_text

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tour.md"
BLOCK = re.compile(r"(<!-- tour( [^>]*?)? -->\n)(.*?)(<!-- /tour -->)", re.DOTALL)
FENCE = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
PICTURE = re.compile(r"\]\(img/([\w-]+\.(?:png|gif))\)")
LARGEST = 200_000  # bytes of a picture
STRIP = {  # run → words of the command whose .npz gives a row of the README's picture, array, label
    "ae-mnist": ("reconstruct", "reconstructions", "autoencoder: rebuilt from its code"),
    "vae-mnist": ("sample --mean", "images", "VAE: drawn"),
    "pixelcnn-mnist": ("sample", "images", "PixelCNN: drawn"),
    "dcgan-mnist": ("sample", "images", "GAN: drawn"),
}


@dataclass(frozen=True)
class Place:
    """Where the commands run.

    Args:
        folder: the working folder, a temporary one; its `runs` has what they train and links to `runs`.
        data: a folder of data sets, $GENZOO_DATA for the commands.
        runs: a folder of runs that are there already.
    """

    folder: Path
    data: Path
    runs: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of every command."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        cache = str(self.folder / ".cache" / "genzoo")
        return os.environ | {
            "PATH": path,
            "GENZOO_DATA": str(self.data),
            "GENZOO_CACHE": cache,
            "COLUMNS": "88",
        }

    def run(self, command: str, *, stop: str = "", code: int = 0) -> str:
        """What a command prints, without what is only so on this machine."""
        sys.stdout.write(f"$ {command}\n")
        child = subprocess.Popen(
            ["bash", "-c", f"exec {command}" if stop else command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines, asked = [], False
        for line in child.stdout or ():
            lines.append(line.rstrip())
            reached = re.search(r"(\d+)%", line)
            if stop and not asked and reached and int(reached[1]) >= int(stop.rstrip("%")):
                child.send_signal(signal.SIGINT)
                asked = True
        if child.wait() != (130 if stop else code):
            raise SystemExit(f"exit code {child.returncode}:\n" + "\n".join(lines))
        return self.generic("\n".join(lines))

    def generic(self, text: str) -> str:
        """The text without the folders of this machine."""
        known = {self.folder / ".cache": "~/.cache/", self.folder: "", self.data: "$GENZOO_DATA/"}
        for folder, name in (known | {self.runs: "runs/"}).items():
            text = text.replace(f"{folder}/", name)
        if found := re.search(r"(?<![\w$.])/(tmp|home|root|work|mnt|Users)/\S*", text):
            raise SystemExit(f"a path of this machine in what was printed: {found[0]}")
        return text


def shortened(text: str, lines: int) -> str:
    """The first and last `lines` lines."""
    every = text.strip("\n").split("\n")
    if not lines or len(every) <= 2 * lines + 1:
        return "\n".join(every)
    return "\n".join([*every[:lines], "…", *every[-lines:]])


def commands_of(body: str) -> list[str]:
    """The commands of a block's console, continued lines joined.

    >>> commands_of("```console\\n$ genzoo \\\\\\n    models\\nsaid\\n```")
    ['genzoo models']
    """
    joined = re.sub(r"\\\n\s*", "", "".join(found[2] for found in FENCE.finditer(body)))
    return [line[2:] for line in joined.split("\n") if line.startswith("$ ")]


def shown_commands(console: str) -> list[str]:
    """The commands as they are written, continued lines and all."""
    return re.findall(r"^(\$ (?:.*\\\n)*.*)\n", console, re.MULTILINE)


def chosen(body: str, only: str | None) -> bool:
    """Whether a block is one of those to be played."""
    return only is None or any(re.search(only, command) for command in commands_of(body))


def play(place: Place, options: str, body: str, out: Path) -> str:
    """Runs a block's commands; the block with what they said."""
    asked = dict(word.partition("=")[::2] for word in options.split())
    stop, code, lines = asked.get("stop", ""), int(asked.get("exit", 0)), int(asked.get("lines", 0))

    def console(found: re.Match[str]) -> str:
        said = []
        for shown in shown_commands(found[2]):
            command = re.sub(r"\\\n\s*", "", shown)[2:]
            printed = shortened(place.run(command, stop=stop, code=code), lines)
            said.append(f"{shown}\n{printed}\n" if printed else f"{shown}\n")
        return found[1] + "\n".join(said) + found[3]

    written = FENCE.sub(console, body)
    for name in PICTURE.findall(body):
        keep_picture(place.folder / name, out / name)
    return written


def keep_picture(source: Path, target: Path) -> None:
    """The picture in as few bytes as it takes: grey if it is, else 256 colours or smaller if it is large."""
    if target.suffix == ".gif":  # a film stays as it is
        shutil.copyfile(source, target)
        return
    image = Image.open(source).convert("RGB")
    red, green, blue = (np.asarray(band) for band in image.split())
    kept = image.convert("L") if (red == green).all() and (red == blue).all() else image
    kept.save(target, optimize=True)
    while target.stat().st_size > LARGEST:
        if kept.mode == "RGB":
            kept = kept.quantize(256)
        else:
            image = image.resize((image.width * 3 // 4, image.height * 3 // 4), Image.Resampling.LANCZOS)
            kept = image.quantize(256)
        kept.save(target, optimize=True)


def set_up(place: Place, page: str, also: Iterable[str]) -> None:
    """Runs that the page uses and does not train, those in `also`, a folder as people have them, a mask."""
    runs = place.folder / "runs"
    runs.mkdir()
    used = dict.fromkeys([*re.findall(r"runs/([\w-]+)", " ".join(commands_of(page))), *also])
    trained = set(re.findall(r"(?:train|classify).*--out runs/([\w-]+)", "\n".join(commands_of(page))))
    for name in used:
        if name in trained:
            continue
        if (place.runs / name / "spec.json").is_file():
            (runs / name).symlink_to((place.runs / name).resolve())
        elif name in recipes.names():
            place.run(f"genzoo train {name} --minutes 0.5 --quiet --out runs/{name}")
        else:
            raise SystemExit(
                f"runs/{name}: neither under {place.runs}, nor trained by the page, nor a recipe"
            )
    shoebox(place.data / "facades" / "facades.zip", place.folder / "shoebox")
    mask = Image.new("L", (28, 28))
    ImageDraw.Draw(mask).ellipse((6, 6, 21, 21), fill=255)
    mask.save(place.folder / "disc.png")


def shoebox(archive: Path, folder: Path) -> None:
    """A folder of photographs as people have them, with some files that are no images."""
    (folder / "scans").mkdir(parents=True)
    with zipfile.ZipFile(archive) as files:
        names = sorted(n for n in files.namelist() if n.startswith("val/"))[:40]
        for i, name in enumerate(names):
            with files.open(name) as file:  # the left half is the photograph
                photo = Image.open(file).convert("RGB").crop((0, 0, 256, 256))
            photo.save(folder / f"facade{i:02}.jpg", quality=90)
    first = Image.open(folder / "facade00.jpg")
    first.convert("CMYK").save(folder / "scans" / "print.jpg")
    grey = np.asarray(first.convert("L"), np.uint16) * 257
    Image.fromarray(grey).save(folder / "scans" / "sixteen-bit.png")
    first.convert("P").save(folder / "scans" / "palette.gif")
    alpha = first.convert("RGBA")
    alpha.putalpha(128)
    alpha.save(folder / "scans" / "transparent.webp")
    (folder / "half.jpg").write_bytes((folder / "facade01.jpg").read_bytes()[:9_000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "letter.png").write_text("Dear reader, this is no picture.")
    (folder / "notes.txt").write_text("to sort")
    (folder / ".DS_Store").write_bytes(b"\0" * 64)
    (folder / "gone.jpg").symlink_to("nowhere.jpg")


def strip(place: Place, out: Path, n: int = 14, side: int = 56) -> None:
    """The README's picture: a row of images from each family."""
    margin, label = 16, 24
    font = ImageFont.load_default(15)
    canvas = Image.new("L", (2 * margin + n * side, margin + len(STRIP) * (side + label + 8)), 255)
    pen = ImageDraw.Draw(canvas)
    for row, (run, (verb, array, text)) in enumerate(STRIP.items()):
        words = verb.split(" ", 1)
        flags = "".join(f" {flag}" for flag in words[1:])
        place.run(f"genzoo {words[0]} runs/{run}{flags} -n {n} --out strip-{run}.npz")
        images = np.load(place.folder / f"strip-{run}.npz")[array]
        top = margin + row * (side + label + 8)
        pen.text((margin, top), text, fill=80, font=font)
        for i, image in enumerate(images[:, 0].clip(0, 1)):
            drawn = Image.fromarray((255 * image).round().astype(np.uint8))
            canvas.paste(
                drawn.resize((side, side), Image.Resampling.BICUBIC), (margin + i * side, top + label)
            )
    canvas.save(place.folder / "families.png")
    keep_picture(place.folder / "families.png", out / "families.png")


def photograph(page: Path, out: Path) -> None:
    """A picture of the top of an HTML page, by a browser without a window."""
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        raise SystemExit("--report needs chromium")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "report.png"
        flags = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,1500"]
        words = [browser, *flags, f"--screenshot={shot}", page.resolve().as_uri()]
        subprocess.run(words, check=True, capture_output=True)
        keep_picture(shot, out)


def main() -> int:
    """Runs the tour and writes docs/tour.md and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist/, facades/, emoji/")
    parser.add_argument(
        "--runs", type=Path, required=True, help="trained runs; what is missing is trained briefly"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "img", help="where pictures go")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to play")
    parser.add_argument("--only", metavar="REGEX", help="only blocks with a command in which this is found")
    parser.add_argument("--report", type=Path, help="a report.html of `genzoo demo` to photograph")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    page = given.page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="genzoo-tour-") as folder:
        place = Place(Path(folder), given.data.resolve(), given.runs.resolve())
        wanted = [m[3] for m in BLOCK.finditer(page) if chosen(m[3], given.only)]
        set_up(place, "\n".join(wanted), () if given.only else STRIP)
        if not given.only:
            strip(place, given.out)

        def played_block(m: re.Match[str]) -> str:
            return m[1] + play(place, m[2] or "", m[3], given.out) + m[4] if m[3] in wanted else m[0]

        played = BLOCK.sub(played_block, page)
        write_text(given.page, played)
    if given.report:
        photograph(given.report, given.out / "report.png")
    total = sum(path.stat().st_size for path in given.out.glob("*.png"))
    sys.stdout.write(f"{given.page} written; pictures: {total / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
