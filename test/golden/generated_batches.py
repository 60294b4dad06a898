"""Batches to train on from nothing but their numbers: of each class one coarse pattern, under noise as strong as the pattern itself.

A series has patterns of its own, and two batches that take turns.
"""

import numpy as np

from generated_weights import generate_values

CLASSES = 10
BATCH_SIZE = 32
SIDE = 64
CELLS = 8  # of a pattern along each side
BATCHES = 2


def make_pattern(series, label):
    """float32 `[3, SIDE, SIDE]`, constant within each cell."""
    cells = generate_values(f'pattern {series} {label}', 3 * CELLS * CELLS, 0, 1).reshape(3, CELLS, CELLS)
    return cells.repeat(SIDE // CELLS, axis=1).repeat(SIDE // CELLS, axis=2)


def make_batch(series, step):
    """Normalised images, float32 `[BATCH_SIZE, 3, SIDE, SIDE]`, and their labels, int32 `[BATCH_SIZE]`."""
    batch = step % BATCHES
    labels = ((np.arange(BATCH_SIZE) + batch * BATCH_SIZE) % CLASSES).astype(np.int32)
    noise = generate_values(f'noise {series} {batch}', BATCH_SIZE * 3 * SIDE * SIDE, 0, 1).reshape(BATCH_SIZE, 3, SIDE, SIDE)
    return np.stack([make_pattern(series, label) for label in labels]) + noise, labels
