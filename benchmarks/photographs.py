"""`python -m benchmarks.photographs OUT --packages FOLDER`: free photographs of Debian and Python packages.

The packages are fetched by `apt-get download lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 mate-backgrounds
plasma-workspace-wallpapers`; the others come with matplotlib and scikit-learn.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import matplotlib
from PIL import Image
from sklearn import datasets

SIDES = (1200, 600)  # of the longer side: reduced, what lossy files and sensors did to their pixels is gone
BACKGROUNDS = {  # in usr/share/backgrounds
    "": (
        "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Kleiber_by_Lukas_Baubkus Picture_0B_by_freespace "
        "Picture_1A_by_freespace Wine_by_Jakkub_Mede aitzgorri_by_Aitzol_Berasategi free_by_Peter_Nerlich "
        "friends_by_Aitzol_Berasategi greentock_by_Peter_Nerlich life_by_Aitzol_Berasategi "
        "picosdeeuropa_by_Aitzol_Berasategi seeding_by_Clements_Engelhardt sunset_by_Aitzol_Berasategi"
    ),
    "mate/nature": "Aqua Blinds Dune Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood YellowFlower",
}
WALLPAPERS = (  # in usr/share/wallpapers
    "BytheWater ColdRipple ColorfulCups EveningGlow FallenLeaf Kite OneStandsOut Path summer_1am"
)


def sources(unpacked: Path) -> dict[str, Path]:
    """The file of each photograph, by its name."""
    share = unpacked / "usr/share"
    found = {
        name: share / "backgrounds" / place / f"{name}.jpg"
        for place, names in BACKGROUNDS.items()
        for name in names.split()
    }
    for name in WALLPAPERS.split():
        found[name] = share / "wallpapers" / name / "contents/images/2560x1600.jpg"
    for name in ("china", "flower"):
        found[name] = Path(datasets.__file__).parent / "images" / f"{name}.jpg"
    found["grace_hopper"] = Path(matplotlib.get_data_path()) / "sample_data/grace_hopper.jpg"
    return found


def reduced(path: Path, side: int) -> Image.Image | None:
    """A photograph at so many pixels of its longer side; None if it has not well more than that."""
    with Image.open(path) as image:
        scale = side / max(image.size)
        if scale > 0.95:
            return None
        size = (round(image.width * scale), round(image.height * scale))
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def main() -> None:
    """Writes PNG files to OUT."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photographs", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--packages", type=Path, required=True, help="the folder of the .deb files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        for package in sorted(options.packages.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
        for name, path in sources(Path(unpacked)).items():
            for side in SIDES:
                if image := reduced(path, side):
                    image.save(options.out / f"{name}-{side}.png")


if __name__ == "__main__":
    main()
