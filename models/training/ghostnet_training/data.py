"""Images and their classes, from one folder per class. What cannot be read is counted and skipped."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.data.distributed_sampler import RepeatAugSampler
from torch.utils.data import DataLoader, Dataset, DistributedSampler, Subset, default_collate
from torchvision import datasets

from ghostnet_training.devices import Devices
from ghostnet_training.recipe import Recipe
from ghostnet_training.transforms import eval_transform, train_transform

#: What Pillow raises for files that are no images, or damaged ones.
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)

#: float `[N, 3, H, W]`, int64 `[N]`, and how many files could not be read; no tensors if none could.
Batch = tuple[torch.Tensor | None, torch.Tensor | None, int]


class ReadableImages(Dataset):
    """(image, class, 0) of a dataset of files; for one that cannot be read the next one that can, and how many were skipped."""

    def __init__(self, images: Dataset) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int, int]:
        for skipped in range(len(self)):
            try:
                image, target = self.images[(index + skipped) % len(self)]
                return image, target, skipped
            except UNREADABLE:
                continue
        raise ValueError(f'Expected images, got {len(self)} files that cannot be read.')


class ImagesOrNothing(Dataset):
    """(image, class) of a dataset of files, None for one that cannot be read: validation puts nothing in its place."""

    def __init__(self, images: Dataset) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int] | None:
        try:
            return self.images[index]
        except UNREADABLE:
            return None


def image_folder(path: str | Path, transform: Callable) -> datasets.ImageFolder:
    """The data set of one folder per class, in the order of their names. Raises ValueError if there are no images."""
    try:
        return datasets.ImageFolder(str(path), transform)
    except FileNotFoundError as error:
        raise ValueError(f'Expected a folder for each class with images in {path}, got: {error}') from error


def train_loader(images: Dataset, recipe: Recipe, devices: Devices, epoch: int) -> DataLoader:
    """Shuffled batches of one epoch for one device, whole ones only: a function of the seed, the epoch and the device."""
    shares = {'num_replicas': devices.world_size, 'rank': devices.rank}
    if recipe.aug_repeats > 1:
        sampler = RepeatAugSampler(images, **shares, num_repeats=recipe.aug_repeats)
        # timm seeds it by the epoch alone.
        sampler.set_epoch(recipe.seed * 100_003 + epoch)
    else:
        sampler = DistributedSampler(images, **shares, seed=recipe.seed, drop_last=True)
        sampler.set_epoch(epoch)
    return DataLoader(
        ReadableImages(images), recipe.batch_size, sampler=sampler, drop_last=True, num_workers=recipe.workers,
        pin_memory=devices.device.type == 'cuda', collate_fn=_collate_with_skipped)


def eval_loader(images: Dataset, recipe: Recipe, devices: Devices) -> DataLoader:
    """Every image once, shared out over the devices without padding; each batch with the number of files that could not be read."""
    share = Subset(images, range(devices.rank, len(images), devices.world_size))
    return DataLoader(
        ImagesOrNothing(share), recipe.batch_size, num_workers=recipe.workers, pin_memory=devices.device.type == 'cuda',
        collate_fn=collate_readable)


def seed_epoch(recipe: Recipe, epoch: int, rank: int) -> None:
    """Makes the epoch's random numbers (augmentation, dropout) its own, so that a resumed run draws the same ones."""
    seed = int(np.random.SeedSequence([recipe.seed, epoch, rank]).generate_state(1)[0])
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _collate_with_skipped(items: list[tuple[torch.Tensor, int, int]]) -> Batch:
    images, targets, skipped = default_collate(items)
    return images, targets, int(skipped.sum())


def collate_readable(items: list[tuple[torch.Tensor, int] | None]) -> Batch:
    readable = [item for item in items if item is not None]
    if not readable:
        return None, None, len(items)
    images, targets = default_collate(readable)
    return images, targets, len(items) - len(readable)


class Folders:
    """`train` and `val` of one folder, with one folder per class in each."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.recipe = recipe
        self.classes = image_folder(folder / 'train', eval_transform(recipe, 1)).classes

    def train(self, epoch: int, image_size: int, devices: Devices) -> DataLoader:
        images = image_folder(self.folder / 'train', train_transform(self.recipe, image_size))
        return train_loader(images, self.recipe, devices, epoch)

    def validation(self, image_size: int, devices: Devices) -> DataLoader:
        images = image_folder(self.folder / 'val', eval_transform(self.recipe, image_size))
        if images.classes != self.classes:
            raise ValueError(f'Expected the classes of train in val, got {len(images.classes)} where train has {len(self.classes)}.')
        return eval_loader(images, self.recipe, devices)
