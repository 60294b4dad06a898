"""Images and their classes from WebDataset shards: for data that outgrows a disk, or its number of files.

A folder has `train-*.tar` and `val-*.tar` with an image and a `.cls` per sample, `classes.txt` with one class per line, and `sizes.json` with the
number of samples of each shard. `python -m ghostnet_training.shard` makes them from one folder per class.
"""

import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import webdataset
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ghostnet_training.data import UNREADABLE, collate_readable
from ghostnet_training.devices import Devices
from ghostnet_training.recipe import Recipe
from ghostnet_training.transforms import eval_transform, train_transform

IMAGE_KEYS = ('jpg', 'jpeg', 'png', 'webp')
#: Samples among which the next one is drawn, in addition to the shuffled shards.
SHUFFLED = 2000


def are_shards(folder: Path) -> bool:
    return (folder / 'sizes.json').exists()


class Shards:
    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.recipe = recipe
        self.classes = (folder / 'classes.txt').read_text(encoding='utf-8').split('\n')[:-1]
        self.sizes: dict[str, int] = json.loads((folder / 'sizes.json').read_text(encoding='utf-8'))

    def train(self, epoch: int, image_size: int, devices: Devices) -> DataLoader:
        """Batches of one epoch, equally many whole ones per device; the order is a function of the seed, the epoch, the device and the worker."""
        names = self._names('train')
        readers = devices.world_size * max(1, self.recipe.workers)
        if len(names) < readers:
            raise ValueError(f'Expected at least {readers} training shards, one per device and worker, got {len(names)}.')
        random.Random(f'{self.recipe.seed} {epoch}').shuffle(names)
        steps = sum(self.sizes[name] for name in names) // (self.recipe.batch_size * devices.world_size)
        samples = ShardSamples(
            self._paths(names[devices.rank::devices.world_size]), train_transform(self.recipe, image_size), len(self.classes),
            shuffle_seed=f'{self.recipe.seed} {epoch} {devices.rank}')
        return Steps(self._loader(samples, devices, drop_last=True), steps)

    def validation(self, image_size: int, devices: Devices) -> DataLoader:
        names = self._names('val')[devices.rank::devices.world_size]
        return self._loader(ShardSamples(self._paths(names), eval_transform(self.recipe, image_size), len(self.classes)), devices, drop_last=False)

    def _names(self, part: str) -> list[str]:
        names = sorted(name for name in self.sizes if name.startswith(f'{part}-'))
        if not names:
            raise ValueError(f'Expected {part}-*.tar in {self.folder / "sizes.json"}, got {", ".join(self.sizes) or "nothing"}.')
        return names

    def _paths(self, names: list[str]) -> list[str]:
        return [str(self.folder / name) for name in names]

    def _loader(self, samples: IterableDataset, devices: Devices, drop_last: bool) -> DataLoader:
        return DataLoader(
            samples, self.recipe.batch_size, num_workers=self.recipe.workers, drop_last=drop_last,
            pin_memory=devices.device.type == 'cuda', collate_fn=collate_readable)


class Steps:
    """A loader's batches, `count` of them: begun again if a device's shards hold fewer, since all devices take the same number of steps."""

    def __init__(self, loader: DataLoader, count: int) -> None:
        self.loader = loader
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator:
        left = self.count
        unreadable = 0
        while left > 0:
            before = left
            for images, targets, skipped in self.loader:
                unreadable += skipped
                if images is None:
                    continue
                yield images, targets, unreadable
                unreadable = 0
                left -= 1
                if left == 0:
                    return
            if left == before:
                raise ValueError('Expected training shards with a whole batch for each worker, got none.')


class ShardSamples(IterableDataset):
    """(image, class) of each sample of the shards, shared out over a loader's workers; None for one that cannot be read."""

    def __init__(self, paths: list[str], transform: Callable, classes: int, shuffle_seed: str | None = None) -> None:
        self.paths = paths
        self.transform = transform
        self.classes = classes
        self.shuffle_seed = shuffle_seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, int] | None]:
        worker = get_worker_info()
        number, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        samples = webdataset.WebDataset(self.paths[number::workers], shardshuffle=False, empty_check=False, nodesplitter=None, workersplitter=None)
        if self.shuffle_seed is not None:
            samples = samples.shuffle(SHUFFLED, rng=random.Random(f'{self.shuffle_seed} {number}'))
        for sample in samples:
            yield self._read(sample)

    def _read(self, sample: dict[str, bytes]) -> tuple[torch.Tensor, int] | None:
        try:
            target = int(sample['cls'])
            encoded = next(sample[key] for key in IMAGE_KEYS if key in sample)
            if not 0 <= target < self.classes:
                return None
            return self.transform(Image.open(io.BytesIO(encoded)).convert('RGB')), target
        except (*UNREADABLE, KeyError, StopIteration):
            return None
