"""Augmentation and preparation of images: torchvision's and timm's parts in MindCV's order."""

import re

from timm.data import auto_augment
from timm.data.constants import IMAGENET_DEFAULT_MEAN as MEAN, IMAGENET_DEFAULT_STD as STD
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from ghostnet_training.recipe import Recipe

# MindCV's: timm's without SolarizeAdd.
OPERATIONS = [
    'AutoContrast', 'Equalize', 'Invert', 'Rotate', 'Posterize', 'Solarize', 'Color', 'Contrast', 'Brightness', 'Sharpness',
    'ShearX', 'ShearY', 'TranslateXRel', 'TranslateYRel',
]
OPERATIONS_AN_IMAGE = 2


def train_transform(recipe: Recipe, image_size: int) -> transforms.Compose:
    """A PIL image -> float `[3, image_size, image_size]`, augmented anew at each call."""
    steps = [
        transforms.RandomResizedCrop(image_size, recipe.scale, recipe.ratio, InterpolationMode(recipe.interpolation)),
        transforms.RandomHorizontalFlip(recipe.hflip),
    ]
    if recipe.auto_augment is not None:
        steps.append(_rand_augment(recipe))
    steps += [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    if recipe.random_erasing > 0:
        steps.append(transforms.RandomErasing(recipe.random_erasing))
    return transforms.Compose(steps)


def eval_transform(recipe: Recipe, image_size: int) -> transforms.Compose:
    """A PIL image -> float `[3, image_size, image_size]`: shorter side to image_size / crop_pct, centre crop, normalised."""
    return transforms.Compose([
        transforms.Resize(int(image_size / recipe.crop_pct), InterpolationMode(recipe.interpolation)),
        transforms.CenterCrop(image_size),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])


def _rand_augment(recipe: Recipe) -> auto_augment.RandAugment:
    match = re.fullmatch(r'randaug-m(\d+)-mstd([\d.]+)', recipe.auto_augment)
    if match is None:
        raise ValueError(f'Expected auto_augment as randaug-mNUMBER-mstdNUMBER or null, got {recipe.auto_augment}.')
    settings = {'magnitude_std': float(match[2]), 'img_mean': tuple(round(value * 255) for value in MEAN)}
    operations = auto_augment.rand_augment_ops(int(match[1]), hparams=settings, transforms=OPERATIONS)
    return auto_augment.RandAugment(operations, OPERATIONS_AN_IMAGE)
