"""Trains GhostNet by a recipe, on one device or, with torchrun, on many.

    python -m ghostnet_training.train --config recipes/ghostnet_100.yaml --data-dir DIR
    torchrun --nproc-per-node 8 -m ghostnet_training.train --config recipes/ghostnet_100.yaml --data-dir DIR
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import torch
import yaml

from ghostnet_training import checkpoint
from ghostnet_training.card import write_card
from ghostnet_training.data import Folders
from ghostnet_training.devices import Devices, open_devices
from ghostnet_training.evaluation import evaluate
from ghostnet_training.network import WIDTHS, GhostNet, load_weights
from ghostnet_training.output_folder import reject_others
from ghostnet_training.recipe import Recipe, load_recipe
from ghostnet_training.results import EpochResult, Results
from ghostnet_training.shards import Shards, are_shards
from ghostnet_training.trainer import Trainer


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='python -m ghostnet_training.train', description='Trains GhostNet by a recipe.')
    parser.add_argument('--config', required=True, type=Path, help='recipe, a YAML file')
    parser.add_argument('--data-dir', required=True, type=Path, help='train/ and val/ with one folder per class, or WebDataset shards')
    parser.add_argument('--output-dir', type=Path, help='folder for checkpoints, results and curves [runs/NAME]')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='changes one value of the recipe')
    parser.add_argument('--weights', type=Path, help='PyTorch checkpoint to start from; other classes get a new classifier')
    parser.add_argument('--resume', action='store_true', help='goes on after the last epoch of the output folder')
    parser.add_argument('--device', choices=['cpu', 'cuda'], help='[cuda if there is one]')
    options = parser.parse_args(arguments)
    try:
        recipe = load_recipe(options.config, options.set)
        folder = options.output_dir or Path('runs') / options.config.stem
        with open_devices(options.device) as devices:
            run(recipe, options.data_dir, folder, devices, options.weights, options.resume)
    except (ValueError, OSError, yaml.YAMLError) as error:
        sys.exit(str(error))


def run(recipe: Recipe, data_dir: Path, folder: Path, devices: Devices, weights: Path | None = None, resume: bool = False) -> None:
    """Trains. Raises ValueError for what cannot be trained on."""
    say = print if devices.is_first else lambda *_: None
    data = (Shards if are_shards(data_dir) else Folders)(data_dir, recipe)
    if recipe.num_classes not in (None, len(data.classes)):
        raise ValueError(f'Expected {recipe.num_classes} classes, got {len(data.classes)} in {data_dir}: --set num_classes=null takes what is there.')
    if recipe.model not in WIDTHS:
        raise ValueError(f'Expected a model of {", ".join(WIDTHS)}, got {recipe.model}.')

    torch.manual_seed(recipe.seed)
    model = GhostNet(WIDTHS[recipe.model], len(data.classes), recipe.dropout)
    if weights is not None:
        left = load_weights(model, checkpoint.load_state_dict(weights))
        say(f'Starts from {weights}{", with a new classifier" if left else ""}.')
    trainer = Trainer(recipe, model.to(devices.device), devices)

    latest = folder / 'latest.pth'
    first_epoch, best = 0, -1.0
    if resume:
        state = checkpoint.load(latest, devices.device)
        if state['recipe'] != dataclasses.asdict(recipe):
            raise ValueError(f'Expected the recipe with which {latest} was trained, {state["recipe"]}, got {dataclasses.asdict(recipe)}.')
        trainer.load_state(state)
        first_epoch, best = state['epoch'] + 1, state['best']
    elif latest.exists():
        raise ValueError(f'Expected an output folder without a run, got {folder}: --resume goes on with it, --output-dir names another.')
    elif devices.is_first:
        reject_foreign_folder(folder)

    global_batch = recipe.batch_size * devices.world_size
    say(f'{recipe.model}, {len(data.classes)} classes, {devices.world_size} x {devices.device.type}, epochs {first_epoch + 1} to {recipe.epochs}.')
    if global_batch != recipe.batch_size * recipe.devices:
        say(f'The batch of all devices is {global_batch}, the recipe\'s {recipe.batch_size * recipe.devices}: the learning rate is scaled '
            f'from {recipe.lr:g} to {recipe.lr * global_batch / (recipe.batch_size * recipe.devices):g}.')
    results = None
    if devices.is_first:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'recipe.yaml').write_text(format_recipe(recipe), encoding='utf-8')
        (folder / 'classes.txt').write_text(''.join(f'{name}\n' for name in data.classes), encoding='utf-8')
        results = Results(folder, first_epoch)

    for epoch in range(first_epoch, recipe.epochs):
        image_size = recipe.image_sizes[max(first for first in recipe.image_sizes if first <= epoch)]
        trained = trainer.train_epoch(epoch, data.train(epoch, image_size, devices))
        started_at = time.perf_counter()
        validated = evaluate(trainer.candidates, data.validation(image_size, devices), trainer.loss, devices)
        if results is None:
            continue
        raw, averaged = validated['raw'], validated.get('averaged')
        row = EpochResult(
            epoch, image_size, trained.lr, trained.loss, raw.loss, raw.top1, raw.top5, trained.ms_per_step,
            trained.images_per_second, trained.seconds, time.perf_counter() - started_at, trained.unreadable + raw.unreadable,
            *(() if averaged is None else (averaged.loss, averaged.top1, averaged.top5)))
        better = max(validated, key=lambda name: validated[name].top1)  # the raw weights if both are equal
        if validated[better].top1 > best:
            best = validated[better].top1
            checkpoint.save(folder / 'best.pth', {'state_dict': trainer.candidates[better].state_dict(), 'weights': better})
            write_card(folder / 'card.json', recipe, data_dir, epoch, image_size, better, validated[better])
        results.add(row)
        checkpoint.save(latest, {**trainer.state(), 'epoch': epoch, 'best': best, 'recipe': dataclasses.asdict(recipe)})
        scores = '  '.join(f'{name} top-1 {each.top1:.2f} top-5 {each.top5:.2f}' for name, each in validated.items())
        say(f'epoch {epoch + 1}/{recipe.epochs}  loss {row.train_loss:.4f}  {scores}  best {best:.2f}  '
            f'{row.ms_per_step:.2f} ms/step  {row.images_per_second:.2f} img/s' + (f'  {row.unreadable} UNREADABLE' if row.unreadable else ''))
    if results is not None:
        results.close()
        # Runs of earlier versions do not say which weights are theirs.
        which = checkpoint.load(folder / 'best.pth').get('weights')
        say(f'Best top-1 {best:.2f}{"" if which is None else f", of the {which} weights"}: {folder / "best.pth"}')


def reject_foreign_folder(folder: Path) -> None:
    """Raises ValueError if training would write over a file, unless it is one that a run left when it was ended in its first epoch."""
    path = folder / 'recipe.yaml'
    try:
        is_of_a_run = path.read_text(encoding='utf-8') == format_recipe(load_recipe(path))  # a recipe written by hand has comments, an order, or less
    except (ValueError, OSError, yaml.YAMLError):
        is_of_a_run = False
    reject_others(folder, ['*.pth', 'card.json', 'results.csv', *(() if is_of_a_run else ('recipe.yaml', 'classes.txt', 'curves.png'))])


def format_recipe(recipe: Recipe) -> str:
    return yaml.safe_dump(dataclasses.asdict(recipe), sort_keys=False)


if __name__ == '__main__':
    main()
