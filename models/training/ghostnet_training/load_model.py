"""The validated model: a model directory, as `ghostserve build` makes it and `ghostserve evaluate` takes it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from ghostnet_training.network import GhostNet, load_weights
from ghostnet_training.recipe import Recipe
from ghostnet_training.transforms import MEAN, STD, eval_transform


@dataclass(frozen=True)
class Model:
    name: str
    network: nn.Module
    #: `label`, and `wnid` where a class has one, in the order of the class indices.
    labels: list[dict]
    crop_size: int
    #: An RGB image -> float `[3, crop_size, crop_size]`.
    transform: Callable[[Image.Image], torch.Tensor]
    temperature: float
    #: Heading of a results file: lines of different headings do not belong together.
    identity: dict[str, Any]


def load_model(path: Path) -> Model:
    """Reads a model directory. Raises ValueError for what cannot be validated."""
    if not (path / 'manifest.json').exists():
        raise ValueError(f'Expected a model directory of `ghostserve build`, got {path} without a manifest.json.')
    manifest = json.loads((path / 'manifest.json').read_text(encoding='utf-8'))
    preprocessing = manifest['preprocessing']
    crop_size = preprocessing['cropSize']
    if (preprocessing['mean'], preprocessing['std']) != (list(MEAN), list(STD)) or preprocessing.get('resizer', 'pillow') != 'pillow':
        raise ValueError(f'Expected preprocessing by Pillow with the mean and deviation of ImageNet, got {preprocessing}.')
    recipe = Recipe(crop_pct=preprocessing['cropPct'], interpolation=preprocessing['interpolation'])

    torch.backends.cudnn.allow_tf32 = False  # float32 stays float32
    network = GhostNet(manifest['width'], manifest['classes'])
    weights = path / 'model.safetensors'
    load_weights(network, load_file(weights))
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    return Model(
        manifest['name'], network, json.loads((path / 'labels.json').read_text(encoding='utf-8')), crop_size,
        eval_transform(recipe, crop_size), manifest.get('temperature', 1.0),
        {'model': manifest['name'], 'weightsSha256': sha256, 'preprocessing': preprocessing, 'framework': f'PyTorch {torch.__version__}'})
