"""Compares runs and keeps what comes out for the documentation: page, numbers, pictures of its sections.

`python tools/comparisons.py mnist RUN… --data mnist` writes docs/compare/mnist.html and mnist.json and
docs/img/compare-mnist-*.png; `tools/tables.py` makes the tables of docs/compare.md from the JSON.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PAGES, PICTURES = ROOT / "docs" / "compare", ROOT / "docs" / "img"
SECTIONS = {
    "lineup": "header .hero",
    "quality": "#sample-quality .wide",
    "likelihood": "#likelihood .wide",
    "representation": "#representation .wide",
    "pareto": "#pareto .wide",
    "pictures": "#pictures .panels",
}


def photograph(page: Path, name: str) -> None:
    """A picture of each section of a page that is there, by a browser without a window."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next((path for name in names if (path := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("pictures of the page need chromium")
    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = window.new_page(viewport={"width": 1180, "height": 900}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        for section, selector in SECTIONS.items():
            found = tab.locator(selector)
            if found.count():
                found.first.screenshot(path=PICTURES / f"compare-{name}-{section}.png")
        window.close()


def main() -> int:
    """Compares, and keeps the page, the numbers and the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", help="of the comparison, e.g. mnist")
    parser.add_argument("runs", nargs="+", type=Path, help="run folders")
    parser.add_argument("--data", help="what to measure on; the runs' own without it")
    parser.add_argument("--samples", default="5000", help="images drawn from each model")
    parser.add_argument("--title", default="", help="the page's headline")
    given = parser.parse_args()
    PAGES.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "genzoo", "compare", *map(str, given.runs), "--samples", given.samples]
    words += ["--data", given.data] if given.data else []
    titled = ["--title", given.title] if given.title else []
    for suffix in (".json", ".html"):  # the second measures nothing: all is in the runs' results
        out = PAGES / f"{given.name}{suffix}"
        subprocess.run([*words, *titled, "--out", str(out), "--overwrite"], check=True)
    photograph(PAGES / f"{given.name}.html", given.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
