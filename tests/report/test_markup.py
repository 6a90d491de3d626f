"""Pictures and numbers of the page."""

import base64
import io
import re

import pytest
import torch
from PIL import Image

from genzoo.report.markup import formula, tiles, time_of


def decoded(tag):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", str(tag))[1])))


def test_what_lies_between_tiles_is_transparent_and_tiles_are_exact():
    images = torch.rand(4, 1, 5, 5)
    picture = decoded(tiles(images, 2, "four", gap=1))
    assert picture.mode == "RGBA"
    assert picture.size == (13, 13)
    assert picture.getpixel((0, 0))[3] == 0
    red, green, blue, alpha = picture.getpixel((1, 1))
    assert red == green == blue == round(float(images[0, 0, 0, 0]) * 255)
    assert alpha == 255


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_of_any_colours_become_tiles(channels):
    assert decoded(tiles(torch.rand(2, channels, 4, 4), 2, "two")).mode == "RGBA"


def test_a_tag_escapes_its_description():
    assert 'alt="&lt;a&gt; &#34;b&#34;"' in str(tiles(torch.rand(1, 1, 4, 4), 1, '<a> "b"'))


def test_a_formula_escapes_what_is_not_a_letter():
    assert str(formula("a < b & c")) == "<i>a</i> &lt; <i>b</i> &amp; <i>c</i>"


@pytest.mark.parametrize(("seconds", "text"), [(9.96e-4, "996 µs"), (0.0315, "32 ms"), (120.0, "120 s")])
def test_short_times_have_two_figures_and_a_unit(seconds, text):
    assert time_of(seconds) in (text, text.replace("996", "1000"))
