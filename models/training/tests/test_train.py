"""Whole runs by the commands of the README."""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml

from ghostnet_training import checkpoint
from ghostnet_training.network import GhostNet
from ghostnet_training.recipe import load_recipe, make_recipe
from ghostnet_training.results import read_results
from ghostnet_training.train import format_recipe

TIMES = ('ms_per_step', 'images_per_second', 'train_seconds', 'validation_seconds')


def write_recipe(folder: Path, values: dict) -> Path:
    (folder / 'tiny.yaml').write_text(yaml.safe_dump(values))
    return folder / 'tiny.yaml'


def command(recipe: Path, photos: Path, output: Path, *more: str, launcher: tuple[str, ...] = ('-m',)) -> list[str]:
    return [
        sys.executable, *launcher, 'ghostnet_training.train', '--config', str(recipe), '--data-dir', str(photos), '--output-dir', str(output),
        '--device', 'cpu', *more]


def run(arguments: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=600)


def tensors(state: object, name: str = '') -> dict[str, torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return {name: state}
    if isinstance(state, dict):
        return {key: value for part, item in state.items() for key, value in tensors(item, f'{name}.{part}').items()}
    return {}


def test_a_killed_run_goes_on_as_if_it_had_not_been(photos: Path, tiny: dict, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, tiny)
    whole = run(command(recipe, photos, tmp_path / 'whole'))
    assert whole.returncode == 0, whole.stderr

    latest = tmp_path / 'killed/latest.pth'
    with subprocess.Popen(command(recipe, photos, tmp_path / 'killed'), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 400
        while not latest.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    killed_after = checkpoint.load(latest)['epoch']
    assert killed_after < tiny['epochs'] - 1, 'it was over before it could be killed'

    again = run(command(recipe, photos, tmp_path / 'killed'))
    assert again.returncode == 1
    assert again.stderr.strip().startswith('Expected an output folder without a run, got ')
    resumed = run(command(recipe, photos, tmp_path / 'killed', '--resume'))
    assert resumed.returncode == 0, resumed.stderr
    assert f'epochs {killed_after + 2} to {tiny["epochs"]}' in resumed.stdout

    one, other = (checkpoint.load(tmp_path / name / 'latest.pth') for name in ('whole', 'killed'))
    assert one['best'] == other['best']
    expected, actual = tensors(one), tensors(other)
    assert len(expected) > 1000  # weights, moving average and momentum
    assert expected.keys() == actual.keys()
    assert [name for name in expected if not torch.equal(expected[name], actual[name])] == []
    rows = [
        [{key: value for key, value in dataclasses.asdict(row).items() if key not in TIMES} for row in read_results(tmp_path / name / 'results.csv')]
        for name in ('whole', 'killed')]
    assert rows[0] == rows[1]
    assert len(rows[0]) == tiny['epochs']


def test_it_learns_and_leaves_what_is_promised(photos: Path, tiny: dict, tmp_path: Path) -> None:
    values = {
        **tiny, 'epochs': 8, 'image_sizes': {0: 32, 6: 48}, 'lr': 0.02, 'auto_augment': None, 'random_erasing': 0, 'dropout': 0, 'scale': [0.5, 1],
        'ema_decay': 0.5}
    done = run(command(write_recipe(tmp_path, values), photos, tmp_path / 'run'))
    assert done.returncode == 0, done.stderr
    rows = read_results(tmp_path / 'run/results.csv')
    assert [row.image_size for row in rows] == [32] * 6 + [48] * 2
    assert rows[-1].train_loss < 0.8 * rows[0].train_loss
    best = max(row.top1 for row in rows)
    assert best > 60  # a third by chance
    assert (tmp_path / 'run/classes.txt').read_text() == 'amber\nblue\ngreen\n'
    assert (tmp_path / 'run/curves.png').read_bytes().startswith(b'\x89PNG')
    assert list((tmp_path / 'run/tensorboard').iterdir())
    weights = checkpoint.load_state_dict(tmp_path / 'run/best.pth')
    GhostNet(0.5, 3).load_state_dict(weights)
    assert weights['classifier.weight'].shape == (3, 1280)

    started = run(command(tmp_path / 'tiny.yaml', photos, tmp_path / 'next', '--weights', str(tmp_path / 'run/best.pth'), '--set', 'epochs=1'))
    assert started.returncode == 0, started.stderr
    assert f'Starts from {tmp_path}/run/best.pth.\n' in started.stdout


def test_two_devices_by_torchrun(photos: Path, tiny: dict, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, {**tiny, 'epochs': 1})
    done = run(command(
        recipe, photos, tmp_path / 'run', launcher=('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2', '-m')))
    assert done.returncode == 0, done.stderr
    assert 'the learning rate is scaled from 0.05 to 0.1.' in done.stdout
    assert done.stdout.count('epoch 1/1') == 1
    [row] = read_results(tmp_path / 'run/results.csv')
    for top1 in (row.top1, row.averaged_top1):
        assert top1 in [pytest.approx(100 * right / 15) for right in range(16)]
    assert f'raw top-1 {row.top1:.2f} ' in done.stdout and f'averaged top-1 {row.averaged_top1:.2f} ' in done.stdout


@pytest.mark.parametrize(('change', 'sentence'), [
    ('num_classes=1000', 'Expected 1000 classes, got 3 in '),
    ('model=resnet50', 'Expected a model of ghostnet_050, ghostnet_100, ghostnet_130, got resnet50.'),
    ('batch_size=100', 'Expected at least 100 images for one step, got fewer.'),
    ('colour=blue', 'Expected keys of a recipe '),
])
def test_a_mistake_is_told_in_a_sentence(photos: Path, tiny: dict, tmp_path: Path, change: str, sentence: str) -> None:
    done = run(command(write_recipe(tmp_path, tiny), photos, tmp_path / 'run', '--set', change))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize('name', ['best.pth', 'card.json', 'results.csv', 'recipe.yaml', 'classes.txt', 'curves.png'])
def test_a_file_of_another_program_is_left_as_it_is(photos: Path, tiny: dict, tmp_path: Path, name: str) -> None:
    output = tmp_path / 'output'
    output.mkdir()
    (output / name).write_text('mine: yes')
    result = run(command(write_recipe(tmp_path, tiny), photos, output))
    assert result.returncode == 1
    assert result.stderr.strip() == f'Expected an output folder without {name}, but {output / name} is there, which stays as it is: name another.'
    assert [(path.name, path.read_text()) for path in output.iterdir()] == [(name, 'mine: yes')]


def test_a_run_that_was_ended_in_its_first_epoch_can_begin_again(photos: Path, tiny: dict, tmp_path: Path) -> None:
    output = tmp_path / 'output'
    output.mkdir()
    recipe = write_recipe(tmp_path, tiny)
    (output / 'recipe.yaml').write_text(format_recipe(load_recipe(recipe)))
    (output / 'classes.txt').write_text('cat\n')
    assert run(command(recipe, photos, output)).returncode == 0


@pytest.mark.parametrize('path', [*sorted((Path(__file__).parents[1] / 'recipes').glob('*.yaml')), None], ids=lambda path: path.stem if path else 'defaults')
def test_a_recipe_of_a_run_is_known_again(tmp_path: Path, path: Path | None) -> None:
    text = format_recipe(load_recipe(path) if path else make_recipe({'model': 'ghostnet_050'}))
    (tmp_path / 'recipe.yaml').write_text(text)
    assert format_recipe(load_recipe(tmp_path / 'recipe.yaml')) == text


def test_a_recipe_of_another_program_in_the_output_folder_is_left_as_it_is(photos: Path, tiny: dict, tmp_path: Path) -> None:
    recipe = tmp_path / 'recipe.yaml'
    text = f'# Why this learning rate: see my notes.\n{format_recipe(load_recipe(write_recipe(tmp_path, tiny)))}'
    recipe.write_text(text)
    result = run(command(recipe, photos, tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith('Expected an output folder without recipe.yaml, ')
    assert recipe.read_text() == text


def test_no_code_of_a_checkpoint_is_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / 'ran',))

    torch.save({'model': Hostile()}, tmp_path / 'hostile.pth')
    with pytest.raises(ValueError, match='^Expected a checkpoint of tensors'):
        checkpoint.load(tmp_path / 'hostile.pth')
    assert not (tmp_path / 'ran').exists()
    with pytest.raises(ValueError, match='got no file'):
        checkpoint.load(tmp_path / 'none.pth')
