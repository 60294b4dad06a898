"""Photos of generated classes: each a colour with noise, which a few steps can tell apart."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {'amber': (230, 160, 40), 'blue': (40, 80, 220), 'green': (40, 190, 70)}


def write_photos(folder: Path, a_class: int, seed: int = 0, size: tuple[int, int] = (40, 32)) -> None:
    random = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for i in range(a_class):
            pixels = np.clip(np.array(colour) + random.normal(0, 60, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f'{i:03d}.png')


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """`train` with 16 photos per class and `val` with 5."""
    write_photos(tmp_path / 'photos/train', 16, seed=1)
    write_photos(tmp_path / 'photos/val', 5, seed=2)
    return tmp_path / 'photos'


@pytest.fixture
def tiny() -> dict:
    """A recipe whose runs take seconds."""
    return {
        'model': 'ghostnet_050', 'num_classes': None, 'batch_size': 8, 'devices': 1, 'epochs': 3, 'image_sizes': {0: 32}, 'lr': 0.05,
        'warmup_epochs': 1, 'workers': 2, 'crop_pct': 1.0, 'ema_decay': 0.9,
    }
