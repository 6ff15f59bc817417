import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.core.transfer import TransferTable

SUBSTANCES = ("Nd", "Cu", "other")


def table(transfer, inputs=("phone",)):
    return TransferTable.of(transfer, inputs, SUBSTANCES)


def test_residue_is_what_no_output_gets():
    outputs = table({"phone": {"board": {"Cu": 0.9, "*": 0.2}}}).divide(np.array([[1.0, 10.0, 100.0]]))
    assert outputs[0].tolist() == [0.2, 9.0, 20.0]
    np.testing.assert_allclose(outputs[1], [0.8, 1.0, 80.0])


def test_inputs_are_kept_apart_and_summed_by_output():
    two = table({"phone": {"board": {"Cu": 1.0}}, "*": {"board": {"Cu": 0.5}, "copper": {"Cu": 0.5}}}, ("phone", "lamp"))
    outputs = two.divide(np.array([[0.0, 8.0, 0.0], [0.0, 4.0, 0.0]]))
    assert outputs[:, 1].tolist() == [10.0, 2.0, 0.0]


def test_a_declared_residue_is_only_what_is_left():
    one = table({"phone": {"board": {"*": 0.4}, "residue": {"*": 0.9}}})
    assert one.outputs == ("board",)
    np.testing.assert_allclose(one.divide(np.ones((1, 3)))[-1], 0.6)


@pytest.mark.parametrize(
    ("transfer", "words"),
    [
        ({"phone": {"board": {"Cu": 0.7}, "copper": {"Cu": 0.4}}}, "Cu in phone sum to 1.1"),
        ({"phone": {"board": {"Cu": -0.1}}}, "negative"),
        ({"phone": {"board": {"Kr": 0.1}}}, "no substance is called Kr"),
        ({"lamp": {"board": {"Cu": 0.1}}}, "nothing is said of the input phone"),
    ],
)
def test_faults_are_named(transfer, words):
    with pytest.raises(ValueError, match=words):
        table(transfer)


def test_shares_may_pass_one_by_float_dust_only():
    shares = {"phone": {"a": {"Cu": 0.1}, "b": {"Cu": 0.2}, "c": {"Cu": 0.7}}}
    outputs = table(shares).divide(np.array([[0.0, 3.0, 0.0]]))
    assert outputs[-1, 1] == 0.0
    assert outputs[:, 1].sum() == pytest.approx(3.0, rel=1e-15)
    with pytest.raises(ValueError, match="more than 1"):
        table({"phone": {"a": {"Cu": 0.5}, "b": {"Cu": 0.5 + 1e-11}}})


def test_scaling_touches_only_what_passes_one():
    drawn = {"phone": {"a": {"Cu": 0.9, "*": 0.5}, "b": {"Cu": 0.6, "*": 0.1}}}
    scaled = TransferTable.of(drawn, ("phone",), SUBSTANCES, scale=True)
    assert scaled.highest_sum == pytest.approx(1.5)
    np.testing.assert_allclose(scaled.shares[0], [[0.5, 0.6, 0.5], [0.1, 0.4, 0.1]])


@st.composite
def cases(draw):
    inputs, outputs, substances = draw(st.integers(1, 4)), draw(st.integers(0, 5)), draw(st.integers(1, 6))
    raw = draw(arrays(float, (inputs, outputs + 1, substances), elements=st.floats(0.0, 1.0)))
    whole = raw.sum(axis=1, keepdims=True)
    shares = np.divide(raw, whole, out=np.zeros_like(raw), where=whole > 0.0)[:, :outputs]
    masses = draw(arrays(float, (inputs, substances), elements=st.floats(0.0, 1e9, allow_subnormal=False)))
    return shares, masses


@settings(max_examples=300, deadline=None)
@given(cases())
def test_every_substance_closes_and_nothing_is_negative(case):
    shares, masses = case
    inputs, outputs, substances = shares.shape
    made = TransferTable(
        [f"i{n}" for n in range(inputs)], [f"o{n}" for n in range(outputs)], [f"s{n}" for n in range(substances)], shares
    )
    result = made.divide(masses)
    assert result.shape == (outputs + 1, substances)
    assert (result >= 0.0).all()
    whole = masses.sum(axis=0)
    assert (np.abs(result.sum(axis=0) - whole) <= 1e-14 * np.maximum(whole, 1e-300) * (outputs + 2)).all()


def test_leading_axes_are_batches():
    one = table({"phone": {"board": {"Cu": 0.9, "*": 0.2}}})
    masses = np.arange(12.0).reshape(4, 1, 3)
    np.testing.assert_array_equal(one.divide(masses), np.stack([one.divide(m) for m in masses]))
