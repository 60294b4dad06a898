"""How well a score tells photos of known classes from those of unknown ones. Accepted is what has at least the threshold."""

import numpy as np


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Probability that a known photo has a higher score than an unknown one, a tie counting half: the area under the ROC curve."""
    ranked = np.sort(unknown)
    below = np.searchsorted(ranked, known, 'left') + np.searchsorted(ranked, known, 'right')
    return float(below.mean() / 2 / len(unknown))


def threshold_at_recall(known: np.ndarray, recall: float) -> float:
    """The highest threshold that accepts at least this share of the known photos."""
    return float(np.sort(known)[int(len(known) * (1 - recall) + 1e-9)])


def accepted(scores: np.ndarray, threshold: float) -> float:
    """Share of the photos."""
    return float((scores >= threshold).mean())
