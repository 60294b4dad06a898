"""A recipe: every hyper-parameter of a run, read from YAML. Defaults are MindCV's for ghostnet_100."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Recipe:
    model: str = 'ghostnet_100'
    #: None: as many as the data has.
    num_classes: int | None = 1000
    seed: int = 42

    #: Images per device and step, and the devices that the learning rate is meant for.
    batch_size: int = 128
    devices: int = 8
    epochs: int = 600
    #: First epoch -> side of the square that is trained on, in pixels: a run may begin with small images.
    image_sizes: dict[int, int] = dataclasses.field(default_factory=lambda: {0: 224})

    #: Random resized crop: part of the area, and width over height.
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (0.75, 1.333)
    hflip: float = 0.5
    interpolation: str = 'bilinear'
    #: timm's notation; None for none.
    auto_augment: str | None = 'randaug-m9-mstd0.5'
    random_erasing: float = 0.25
    #: Augmentations per image and epoch, each with other random numbers; the epoch keeps its length.
    aug_repeats: int = 1
    #: Share of the image's shorter side, in validation.
    crop_pct: float = 0.875

    dropout: float = 0.2
    label_smoothing: float = 0.1
    lr: float = 0.4
    min_lr: float = 1e-7
    warmup_epochs: int = 20
    momentum: float = 0.9
    nesterov: bool = False
    #: Weight decay of all parameters, batch norm's and biases too, as MindCV has it.
    weight_decay: float = 2e-5

    #: float16 with a dynamic loss scale; on CUDA only.
    amp: bool = True
    loss_scale: float = 2.0 ** 24
    loss_scale_window: int = 2000
    sync_batch_norm: bool = False
    #: Decay of the moving average of the weights, once it has grown to this; 0 for no average.
    ema_decay: float = 0.0
    compile: bool = False
    #: Decoding processes per device.
    workers: int = 8


def load_recipe(path: str | Path, changes: list[str] = ()) -> Recipe:
    """The recipe of a YAML file, with `key=value` changes. Raises ValueError in one sentence if it is none."""
    with open(path, encoding='utf-8') as file:
        values = yaml.safe_load(file)
    if not isinstance(values, dict):
        raise ValueError(f'Expected a recipe in {path}: keys and values, got {type(values).__name__}.')
    for change in changes:
        key, separator, value = change.partition('=')
        if not separator:
            raise ValueError(f'Expected a change as key=value, got {change}.')
        values[key] = yaml.safe_load(value)
    return make_recipe(values)


def make_recipe(values: dict[str, Any]) -> Recipe:
    """Checks keys and types. Raises ValueError for an unknown key or a value of another type."""
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    for key, value in values.items():
        if key not in fields:
            raise ValueError(f'Expected keys of a recipe ({", ".join(fields)}), got {key}.')
        values = {**values, key: _typed(key, value, fields[key].type)}
    recipe = Recipe(**values)
    if 0 not in recipe.image_sizes:
        raise ValueError(f'Expected image_sizes to begin with epoch 0, got {recipe.image_sizes}.')
    if not 0 <= recipe.warmup_epochs <= recipe.epochs:
        raise ValueError(f'Expected at most {recipe.epochs} warmup_epochs, as many as epochs, got {recipe.warmup_epochs}.')
    return recipe


def _typed(key: str, value: Any, kind: Any) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    # YAML 1.1 reads 2e-5 as text.
    if kind is float and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    if kind in (int, bool, str) and type(value) is kind:
        return value
    if kind == int | None and (value is None or type(value) is int):
        return value
    if kind == str | None and (value is None or type(value) is str):
        return value
    if kind == tuple[float, float] and isinstance(value, list) and len(value) == 2:
        return tuple(float(part) for part in value)
    if kind == dict[int, int] and isinstance(value, dict) and all(type(part) is int for pair in value.items() for part in pair):
        return value
    raise ValueError(f'Expected {key} to be {getattr(kind, "__name__", kind)}, got {value!r}.')
