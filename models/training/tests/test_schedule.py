import math

import pytest

from ghostnet_training.recipe import Recipe
from ghostnet_training.schedule import learning_rate

STEPS = 1251


def test_mindcv_s_learning_rates() -> None:
    def rate(step: int) -> float:
        return learning_rate(Recipe(), step, STEPS, 1024)

    assert rate(0) == 0
    assert rate(1) == pytest.approx(0.4 / (20 * STEPS))
    assert rate(10 * STEPS) == pytest.approx(0.2)
    assert rate(20 * STEPS) == pytest.approx(0.4)
    assert rate((20 + 290) * STEPS) == pytest.approx((0.4 + 1e-7) / 2)
    assert rate((20 + 145) * STEPS) == pytest.approx(1e-7 + (0.4 - 1e-7) / 2 * (1 + math.sqrt(0.5)))
    assert 1e-7 < rate(600 * STEPS - 1) < 1.1e-7


def test_it_grows_with_the_batch_of_all_devices() -> None:
    assert learning_rate(Recipe(), 40 * STEPS, STEPS, 256) == pytest.approx(learning_rate(Recipe(), 40 * STEPS, STEPS, 1024) / 4)
