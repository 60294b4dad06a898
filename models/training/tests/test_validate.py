"""Data sets, results and the words of a validation; that it agrees with what is served is tested with the service."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from conftest import COLOURS
from ghostnet_training.labelled_images import LabelledImage, list_labelled_images
from ghostnet_training.network import GhostNet
from ghostnet_training.reliability_diagram import draw_reliability_diagram
from ghostnet_training.results_file import ResultsFile
from ghostnet_training.tally import tally
from ghostnet_training.transforms import MEAN, STD
from ghostnet_training.validate import main

LABELS = [{'label': name} for name in COLOURS]


def classes_of(data: Path, labels: list[dict] = LABELS, ground_truth: Path | None = None) -> list[tuple[str, int]]:
    return [(image.name, image.class_index) for image in list_labelled_images(data, labels, ground_truth)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model directory with random weights."""
    folder = tmp_path / 'model'
    folder.mkdir()
    torch.manual_seed(0)
    network = GhostNet(0.5, len(LABELS)).eval()
    save_file({name: tensor for name, tensor in network.state_dict().items() if not name.endswith('num_batches_tracked')}, folder / 'model.safetensors')
    (folder / 'labels.json').write_text(json.dumps(LABELS))
    (folder / 'manifest.json').write_text(json.dumps({
        'name': 'm', 'width': 0.5, 'classes': len(LABELS), 'temperature': 2.0,
        'preprocessing': {'cropSize': 32, 'cropPct': 1.0, 'interpolation': 'bilinear', 'mean': list(MEAN), 'std': list(STD)},
    }))
    return folder


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_shard(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, 'w') as archive:
        for name, content in members.items():
            add(archive, name, content)
    return path


def test_folders_lists_and_flat_folders_have_the_same_images(photos: Path) -> None:
    val = photos / 'val'
    folders = classes_of(val)
    assert [name for name, _ in folders[:2]] == ['amber/000.png', 'amber/001.png']
    assert [index for _, index in folders] == [0] * 5 + [1] * 5 + [2] * 5
    (val / 'list.txt').write_text('blue/000.png 1\ngreen/001.png green\n')
    assert classes_of(val / 'list.txt') == [('blue/000.png', 1), ('green/001.png', 2)]
    truth = photos / 'truth.txt'
    truth.write_text('blue\n' * 5)
    assert classes_of(val / 'blue', ground_truth=truth) == [(f'00{i}.png', 1) for i in range(5)]
    truth.write_text('ImageId,PredictionString\n002,n02123045 1 2 3 4 \n')
    assert classes_of(val / 'blue', [{'label': 'cat', 'wnid': 'n02123045'}], truth) == [('002.png', 0)]
    truth.write_text('490\n' * 5)
    with pytest.raises(ValueError, match='got the number 490'):
        classes_of(val / 'blue', ground_truth=truth)


def test_shards_are_read_where_they_lie(tmp_path: Path) -> None:
    write_shard(tmp_path / 'train-0.tar', {'x.jpg': b'train', 'x.cls': b'0'})
    write_shard(tmp_path / 'val-0.tar', {'../a.jpg': b'one', '../a.cls': b'2\n', 'b.cls': b'0', 'b.PNG': b'two'})
    images = list_labelled_images(tmp_path, LABELS)
    assert [(image.name, image.class_index, image.read()) for image in images] == [('val-0.tar/../a', 2, b'one'), ('val-0.tar/b', 0, b'two')]


@pytest.mark.parametrize(('members', 'message'), [
    ({'a.jpg': b''}, 'found only one of them'),
    ({'a.cls': b'0'}, 'found only one of them'),
    ({'a.jpg': b'', 'a.png': b'', 'a.cls': b'0'}, 'got a second one'),
    ({'a.jpg': b'', 'a.cls': b'3'}, 'from 0 to 2'),
    ({'a.jpg': b'', 'a.cls': b'-1'}, 'from 0 to 2'),
])
def test_hostile_shards_are_rejected(tmp_path: Path, members: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list_labelled_images(write_shard(tmp_path / 'a.tar', members), LABELS)


def test_what_is_no_archive_is_rejected(tmp_path: Path) -> None:
    (tmp_path / 'a.tar').write_bytes(b'x' * 2048)
    with pytest.raises(ValueError, match='complete tar archive'):
        list_labelled_images(tmp_path / 'a.tar', LABELS)


def test_ranks_are_those_of_the_service(tmp_path: Path) -> None:
    logits = np.array([[3, 1, 0], [1, 1, 1], [1, 1, 1], [np.nan] * 3], np.float32)
    found = tally(logits, np.array([0, 0, 2, 0]), LABELS, 1.0)
    assert (found['images'], found['top1'], found['top5']) == (4, 50.0, 75.0)
    assert found['confusions'] == [{'label': 'green', 'takenFor': 'amber', 'images': 1, 'of': 1}]
    assert [(each['label'], each['images'], each['top1']) for each in found['classes']] == [('amber', 3, 66.67), ('green', 1, 0.0)]
    assert sum(each['images'] for each in found['calibration']['bins']) == 3
    draw_reliability_diagram({'model': 'm', **found}, tmp_path / 'reliability.png')
    assert (tmp_path / 'reliability.png').read_bytes()[:4] == b'\x89PNG'


def test_an_interrupted_validation_goes_on(model: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (photos / 'val/blue/002.png').write_bytes(b'no image')
    out = tmp_path / 'out'

    def validate() -> dict:
        main([str(model), '--data', str(photos / 'val'), '--out', str(out), '--json', '--workers', '0', '--batch-size', '4', '--device', 'cpu'])
        found = json.loads(capsys.readouterr().out)
        return {key: value for key, value in found.items() if key not in ('seconds', 'imagesPerSecond')}

    whole = validate()
    assert (whole['images'], whole['temperature']) == (15, 2.0)
    assert whole['failed'] == [{'file': 'blue/002.png', 'code': 'corrupt_image'}]
    lines = (out / 'images.jsonl').read_bytes()
    for length in (10, len(lines) // 2, len(lines) - 1, len(lines)):
        (out / 'images.jsonl').write_bytes(lines[:length])
        again = validate()
        assert again.keys() == whole.keys()
        assert again['top1'] == whole['top1'] and again['failed'] == whole['failed']
        assert again['negativeLogLikelihood'] == pytest.approx(whole['negativeLogLikelihood'], rel=1e-5)
        assert (out / 'images.jsonl').read_bytes().count(b'\n') == 16

    (photos / 'val/amber/000.png').rename(photos / 'val/amber/x.png')
    with pytest.raises(SystemExit, match='of another data set'):
        validate()


def test_of_two_validations_into_one_file_the_second_ends(tmp_path: Path) -> None:
    images = [LabelledImage(f'{i}.png', i, tmp_path / f'{i}.png') for i in range(2)]
    first, second = (ResultsFile(tmp_path / 'images.jsonl', {'model': 'm'}, images, 3) for _ in range(2))
    first.append(images[0], np.zeros(3), None)
    with pytest.raises(ValueError, match='another one writes it'):
        second.append(images[0], np.zeros(3), None)
    first.append(images[1], np.zeros(3), None)
    assert (tmp_path / 'images.jsonl').read_bytes().count(b'\n') == 3
    first.close()
    second.close()


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('images.jsonl', b'my notes\nlast line', 'Expected results of .* got my notes'),
    ('images.jsonl', b'last line', 'made by something else'),
    ('images.jsonl', b'\x89PNG\r\n\x1a\n\xff', 'no text'),
    ('images.jsonl', b'{"a": 1}\n', 'Expected results of .* name another'),
    ('evaluation.json', b'{}', 'evaluation.json is there'),
    ('reliability.png', b'mine', 'reliability.png is there'),
])
def test_a_file_of_something_else_stays(model: Path, photos: Path, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit, match=message):
        main([str(model), '--data', str(photos / 'val'), '--out', str(tmp_path), '--workers', '0', '--device', 'cpu'])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == {name: content}
