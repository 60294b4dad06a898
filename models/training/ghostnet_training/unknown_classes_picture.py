"""How far the scores of known and of unknown photos lie apart, as a picture."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def draw_unknown_classes(known: np.ndarray, unknown: np.ndarray, path: Path) -> None:
    """Histograms of the scores, 0 to 1, and what each `minScore` accepts of both. `path` ends in .png or .svg."""
    figure = Figure(figsize=(10, 4), layout='constrained')
    left, right = figure.subplots(1, 2)
    thresholds = np.linspace(0, 1, 201)
    for scores, label, colour in ((known, 'known classes', 'tab:blue'), (unknown, 'held-out classes', 'tab:orange')):
        left.hist(scores, bins=np.linspace(0, 1, 41), weights=np.full(len(scores), 1 / len(scores)), alpha=0.6, color=colour, label=label)
        right.plot(thresholds, [(scores >= threshold).mean() for threshold in thresholds], color=colour, label=label)
    left.set(xlim=(0, 1), xlabel='score of the most probable class', ylabel='share of photos')
    right.set(xlim=(0, 1), ylim=(0, 1), xlabel='minScore', ylabel='share of photos that get a label')
    right.grid(alpha=0.3)
    left.legend()
    right.legend()
    figure.savefig(path, dpi=100)
