"""Temperature scaling (Guo et al., 2017, arXiv 1706.04599), as `ghostserve evaluate --fit-temperature` does it."""

import numpy as np

from ghostnet_training.tally import softmax

#: What a manifest may have: `models/manifest/temperature.ts`.
BOUNDS = (0.05, 20.0)


def fit_temperature(logits: np.ndarray, class_indices: np.ndarray) -> float:
    """
    The temperature with the least negative log likelihood. `logits` are floats [images, classes], `class_indices` integers [images].

    The likelihood is convex in 1 / temperature, and its slope is the mean of (expected logit - logit of the right class).
    """
    right = np.take_along_axis(logits, class_indices[:, None], axis=1)[:, 0]
    low, high = 1 / BOUNDS[1], 1 / BOUNDS[0]
    for _ in range(40):
        inverse = (low + high) / 2
        slope = ((softmax(logits * inverse) * logits).sum(axis=1) - right).mean()
        low, high = (inverse, high) if slope < 0 else (low, inverse)
    return float(f'{2 / (low + high):.4g}')
