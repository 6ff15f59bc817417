"""Edges of a transfer table: sums, the tolerance, nothing at all."""

import numpy as np
import pytest

from sim.core.transfer import TOLERANCE, TransferTable

SUBSTANCES = ("Au", "Cu", "Fe", "other")
SHARES = {
    "phone": {"board": {"Au": 0.5, "Cu": 0.25}, "copper": {"Cu": 0.5}, "ferrous": {"Fe": 0.25}},
    "lamp": {"board": {"Cu": 0.125}},
}


def table(transfer, scale=False):
    return TransferTable.of(transfer, tuple(transfer), SUBSTANCES, scale=scale)


@pytest.mark.parametrize("scale", [False, True])
def test_the_highest_sum_is_over_outputs_of_one_input_and_substance(scale):
    made = table(SHARES, scale)
    assert made.highest_sum == 0.75
    assert TransferTable(made.inputs, made.outputs, SUBSTANCES, made.shares).highest_sum == 0.75
    np.testing.assert_array_equal(made.shares.shape, (2, 3, 4))


def test_scaling_divides_by_the_sum_of_each_input_and_substance():
    made = table({"phone": {"board": {"Au": 1.0, "Cu": 0.5}, "copper": {"Au": 1.0}}, "lamp": {"board": {"Au": 0.5}}}, scale=True)
    assert made.highest_sum == 2.0
    np.testing.assert_array_equal(made.shares[:, :, 0], [[0.5, 0.5], [0.5, 0.0]])
    np.testing.assert_array_equal(made.shares[:, :, 1], [[0.5, 0.0], [0.0, 0.0]])


def test_a_table_without_outputs_leaves_everything_as_residue():
    made = table({"phone": {"residue": {"*": 1.0}}})
    assert made.highest_sum == 0.0
    assert made.makes.shape == (0, 4)
    np.testing.assert_array_equal(made.divide(np.ones((1, 4))), np.ones((1, 4)))


def test_the_tolerance_is_where_it_says():
    assert TOLERANCE == 1e-12
    TransferTable(["a"], ["b"], ["s"], np.array([[[1.0 + TOLERANCE]]]))
    with pytest.raises(ValueError, match="sum to"):
        TransferTable(["a"], ["b"], ["s"], np.array([[[1.0 + 1.5e-12]]]))


def test_what_reaches_an_output_at_all():
    np.testing.assert_array_equal(
        table(SHARES).makes, [[True, True, False, False], [False, True, False, False], [False, False, True, False]]
    )


def test_the_whole_table_has_the_residue_as_last_output_and_sums_to_one(monkeypatch):
    dust = 2.0**-40  # so that sums at the very tolerance are exact numbers
    monkeypatch.setattr("sim.core.transfer.TOLERANCE", dust)
    sums = {"Au": 1.0 - dust, "Cu": 1.0 + dust, "Fe": 1.0 - 2.0 * dust, "other": 0.25}
    made = table({"phone": {"board": sums}, "lamp": {"board": {"Fe": 0.5}, "copper": {"Fe": 0.25}}})
    np.testing.assert_array_equal(made.whole[0], [[1.0, 1.0, 1.0 - 2.0 * dust, 0.25], [0.0] * 4, [0.0, 0.0, 2.0 * dust, 0.75]])
    np.testing.assert_array_equal(made.whole[1], [[0.0, 0.0, 0.5, 0.0], [0.0, 0.0, 0.25, 0.0], [1.0, 1.0, 0.25, 1.0]])
    np.testing.assert_array_equal(made.whole.sum(axis=1), np.ones((2, 4)))
