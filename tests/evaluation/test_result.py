import json
from typing import get_args

import pytest
import torch

from genzoo.evaluation import Kind, Result, summarised


def result(kind, unit, value=-91.234, stderr=0.123):
    return Result("elbo", value, stderr, 100, unit, kind, "toy test", 0, 16)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (result("exact", "nats"), "-91.23 ± 0.12"),
        (result("bound", "nats"), "≥ -91.23 ± 0.12"),
        (result("bound", "bits/dim", 0.16789, 0.00123), "≤ 0.1679 ± 0.0012"),
        (result("estimate", "nats"), "≈ -91.23 ± 0.12"),
        (result("error", "per image", 3.0, None), "3.0000"),
        (result("exact", "nats", -1234.5, 12.3), "-1234 ± 12"),
    ],
)
def test_a_result_is_printed_with_its_sign_and_two_figures_of_its_error(given, text):
    assert str(given) == text


def test_a_result_is_json_with_every_field():
    said = json.loads(json.dumps(result("bound", "nats").to_json()))
    assert said["value"] == -91.234
    assert said["kind"] in get_args(Kind)
    assert set(said) == set(Result.__dataclass_fields__)


def test_one_item_has_no_standard_error():
    assert summarised(torch.tensor([2.0])) == (2.0, None)
