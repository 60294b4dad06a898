import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ghostnet_training.data import Folders, collate_readable, image_folder
from ghostnet_training.devices import Devices
from ghostnet_training.evaluation import evaluate
from ghostnet_training.recipe import make_recipe
from ghostnet_training.shard import main, write_shards
from ghostnet_training.shards import Shards, Steps
from ghostnet_training.transforms import OPERATIONS, train_transform

CPU = Devices(torch.device('cpu'))
TWO = [Devices(torch.device('cpu'), rank, 2) for rank in range(2)]


def targets(loader) -> list[int]:
    return [int(target) for batch in loader for target in batch[1]]


def contents(loader) -> list[float]:
    """Something of each image that tells it from others: its mean."""
    return [float(mean) for batch in loader for mean in batch[0].double().mean((1, 2, 3))]


@pytest.fixture
def damaged(photos: Path) -> Path:
    (photos / 'train/blue/003.png').write_bytes(b'no image')
    (photos / 'val/green/001.png').write_bytes((photos / 'val/green/001.png').read_bytes()[:200])
    return photos


def test_a_file_that_cannot_be_read_is_counted_and_skipped(damaged: Path, tiny: dict) -> None:
    data = Folders(damaged, make_recipe(tiny))
    batches = list(data.train(0, 32, CPU))
    assert [len(images) for images, _, _ in batches] == [8] * 6
    assert sum(skipped for _, _, skipped in batches) == 1
    batches = list(data.validation(32, CPU))
    assert sum(len(images) for images, _, _ in batches) == 14
    assert sum(skipped for _, _, skipped in batches) == 1


def test_only_damaged_files_are_rejected(photos: Path, tiny: dict) -> None:
    for path in (photos / 'train').rglob('*.png'):
        path.write_bytes(b'no image')
    with pytest.raises(ValueError, match='Expected images, got 48 files that cannot be read'):
        list(Folders(photos, make_recipe({**tiny, 'workers': 0})).train(0, 32, CPU))


def test_an_epoch_has_an_order_of_its_own_and_always_the_same(photos: Path, tiny: dict) -> None:
    data = Folders(photos, make_recipe(tiny))
    first, again, second = (targets(data.train(epoch, 32, CPU)) for epoch in (0, 0, 1))
    assert first == again
    assert first != second
    assert sorted(first) == sorted(second)


def test_devices_share_the_images_out(photos: Path, tiny: dict) -> None:
    data = Folders(photos, make_recipe({**tiny, 'auto_augment': None, 'scale': [1, 1], 'ratio': [1.25, 1.25], 'hflip': 0, 'random_erasing': 0}))
    shares = [contents(data.train(0, 32, devices)) for devices in TWO]
    assert [len(share) for share in shares] == [24, 24]
    assert len(set(shares[0]) | set(shares[1])) == 48
    assert sum(len(targets(data.validation(32, devices))) for devices in TWO) == 15


def test_repeats_are_augmented_anew(photos: Path, tiny: dict) -> None:
    recipe = make_recipe({**tiny, 'aug_repeats': 3, 'batch_size': 4})
    plain = replace(recipe, auto_augment=None, scale=(1.0, 1.0), ratio=(1.25, 1.25), hflip=0.0, random_erasing=0.0)
    assert len(set(contents(Folders(photos, plain).train(0, 32, CPU)))) < 30  # of 48: most are there several times
    assert len(set(contents(Folders(photos, recipe).train(0, 32, CPU)))) > 40


def test_rand_augment_is_mindcv_s(tiny: dict) -> None:
    recipe = make_recipe({**tiny, 'auto_augment': 'randaug-m9-mstd0.5'})
    augment = train_transform(recipe, 32).transforms[2]
    assert [operation.name for operation in augment.ops] == OPERATIONS
    assert {(operation.prob, operation.magnitude, operation.magnitude_std) for operation in augment.ops} == {(0.5, 9, 0.5)}
    assert augment.num_layers == 2
    with pytest.raises(ValueError, match='Expected auto_augment as'):
        train_transform(replace(recipe, auto_augment='trivial'), 32)


def test_shards_hold_what_the_folders_hold(photos: Path, tiny: dict, tmp_path: Path) -> None:
    shards = tmp_path / 'shards'
    write_shards(photos, shards, samples=10)
    recipe = make_recipe({**tiny, 'auto_augment': None, 'scale': [1, 1], 'ratio': [1.25, 1.25], 'hflip': 0, 'random_erasing': 0, 'batch_size': 4})
    from_folders, from_shards = Folders(photos, recipe), Shards(shards, recipe)
    assert from_shards.classes == from_folders.classes
    assert sorted(contents(from_shards.validation(32, CPU))) == pytest.approx(sorted(contents(from_folders.validation(32, CPU))))
    first, again, second = (contents(from_shards.train(epoch, 32, CPU)) for epoch in (0, 0, 1))
    assert first == again != second
    assert len(first) == 48
    assert len(set(first)) > 40  # whole batches only: a worker leaves the rest of its shards and begins again
    shares = [set(contents(from_shards.train(0, 32, devices))) for devices in TWO]
    assert not shares[0] & shares[1]


def test_shards_skip_damaged_samples(damaged: Path, tiny: dict, tmp_path: Path) -> None:
    write_shards(damaged, tmp_path / 'shards', samples=10)
    batches = list(Shards(tmp_path / 'shards', make_recipe(tiny)).validation(32, CPU))
    assert sum(len(images) for images, _, _ in batches) == 14
    assert sum(skipped for _, _, skipped in batches) == 1


def test_too_few_shards_are_rejected(photos: Path, tiny: dict, tmp_path: Path) -> None:
    write_shards(photos, tmp_path / 'shards', samples=100)
    with pytest.raises(ValueError, match='Expected at least 2 training shards, one per device and worker, got 1'):
        Shards(tmp_path / 'shards', make_recipe(tiny)).train(0, 32, CPU)


def test_classes_must_be_the_same_in_both_parts(photos: Path, tiny: dict) -> None:
    shutil.rmtree(photos / 'val/blue')
    with pytest.raises(ValueError, match='Expected the classes of train in val, got 2 where train has 3'):
        Folders(photos, make_recipe(tiny)).validation(32, CPU)
    with pytest.raises(ValueError, match='Expected a folder for each class'):
        image_folder(photos / 'nowhere', None)


def test_a_batch_of_unreadable_files_alone_is_counted() -> None:
    batches = [(torch.zeros(2, 3, 32, 32), torch.tensor([0, 1]), 1), (None, None, 3), (torch.zeros(1, 3, 32, 32), torch.tensor([2]), 0)]
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 5))
    accuracy = evaluate({'raw': network}, batches, nn.CrossEntropyLoss(), Devices(torch.device('cpu')))['raw']
    assert (accuracy.images, accuracy.unreadable) == (3, 4)
    assert [skipped for *_, skipped in Steps(batches, 2)] == [1, 3]
    assert collate_readable([None, None]) == (None, None, 2)


@pytest.mark.parametrize('name', ['train-00007.tar', 'val-00000.tar', 'classes.txt', 'sizes.json'])
def test_shards_replace_nothing(photos: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'mine')
    with pytest.raises(ValueError, match=f'without {name}'):
        write_shards(photos, tmp_path, samples=10)
    assert [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()] == [b'mine']


def test_shards_that_cannot_be_written_are_a_sentence(photos: Path, tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(b'mine')
    with pytest.raises(SystemExit, match='Not a directory'):
        main(['--data-dir', str(photos), '--output-dir', str(tmp_path / 'file/shards')])
