import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genzoo.training.checkpoint import load_state, newest_state, pack, same, save_rolling, save_state, unpack

leaves = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3)
keys = st.integers(0, 9) | st.text(max_size=3)
trees = st.recursive(
    leaves,
    lambda t: st.lists(t, max_size=3) | st.dictionaries(keys, t, max_size=3) | st.tuples(t, t),
    max_leaves=8,
)


@given(trees)
def test_unpack_inverts_pack_for_every_tree(tree):
    assert unpack(pack(tree, {}), {}) == tree


def test_an_optimizer_state_comes_back_bit_for_bit(tmp_path):
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters(), betas=(0.5, 0.9))
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    save_state({"o": state}, tmp_path / "s.safetensors")
    again = load_state(tmp_path / "s.safetensors")["o"]
    assert same(again, state)
    assert not same(again, {**state, "param_groups": []})


def test_what_is_not_a_tensor_or_json_is_refused():
    with pytest.raises(TypeError, match="object"):
        pack({"a": object()}, {})


def test_rolling_keeps_the_newest_two_and_falls_back_when_the_last_is_cut_short(tmp_path):
    for step in (1, 2, 3):
        save_rolling({"step": step, "x": torch.full((100,), float(step))}, tmp_path)
    files = sorted(tmp_path.iterdir())
    assert [f.stem for f in files] == ["0000000002", "0000000003"]
    files[-1].write_bytes(files[-1].read_bytes()[:50])
    assert newest_state(tmp_path)["step"] == 2
    files[0].unlink()
    assert newest_state(tmp_path) is None
