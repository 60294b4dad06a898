"""`python -m ghostnet_training.unknown_classes MODEL --data-dir DIR`: whether scores tell photos of classes that a model does not know.

Some classes are held out: a new head is fitted on the features of the others, whose photos are then known and those of the held-out ones
unknown. The trunk stays as it is, and has seen all classes in its own training.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ghostnet_training.labelled_images import LabelledImage, list_labelled_images
from ghostnet_training.linear_head import fit_linear_head
from ghostnet_training.load_model import load_model
from ghostnet_training.output_folder import refuse_others
from ghostnet_training.separation import accepted, auroc, threshold_at_recall
from ghostnet_training.tally import calibration, softmax
from ghostnet_training.temperature import fit_temperature
from ghostnet_training.trunk_features import trunk_features
from ghostnet_training.unknown_classes_picture import draw_unknown_classes

RECALL = 0.95
MIN_SCORES = [round(0.05 * i, 2) for i in range(1, 20)]
# Of 0, 1e-4 and 3e-4 the one with the best accuracy on known photos, for the bundled model and a draw that is not measured.
WEIGHT_DECAY = 3e-4


@dataclass(frozen=True)
class Features:
    """Of photos: float `[N, F]` and their classes, int64 `[N]`."""

    features: torch.Tensor
    classes: torch.Tensor

    def of(self, classes: torch.Tensor) -> 'Features':
        """Photos of these ascending classes, which are then counted from 0."""
        is_one = torch.isin(self.classes, classes)
        return Features(self.features[is_one], torch.searchsorted(classes, self.classes[is_one]))

    def every_other(self, first: int) -> 'Features':
        return Features(self.features[first::2], self.classes[first::2])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='python -m ghostnet_training.unknown_classes', description=__doc__)
    parser.add_argument('model', type=Path, help='a model directory that `ghostserve build` made')
    parser.add_argument('--data-dir', type=Path, required=True, help='`train` and `val` with a folder a class')
    parser.add_argument('--out', type=Path, required=True, help='folder for unknown-classes.json and unknown-classes.png')
    parser.add_argument('--held-out', type=int, default=50, help='classes')
    parser.add_argument('--splits', type=int, default=5, help='draws of the held-out classes')
    parser.add_argument('--train-photos', type=int, default=100, help='of each class for the head, at most')
    parser.add_argument('--seed', type=int, default=0, help='of the first draw')
    parser.add_argument('--workers', type=int, default=2, help='processes that read images')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    options = parser.parse_args(arguments)
    try:
        measured = measure(options)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(describe(measured))


def measure(options: argparse.Namespace) -> dict:
    model = load_model(options.model)
    classes = len(model.labels)
    if not 0 < options.held_out < classes - 1:
        raise ValueError(f'Expected to hold out 1 to {classes - 2} of {classes} classes, got {options.held_out}.')
    if not is_older(options.out / 'unknown-classes.json'):
        refuse_others(options.out, ['unknown-classes.json', 'unknown-classes.png'])
    train_images = first_of_each_class(list_labelled_images(options.data_dir / 'train', model.labels), options.train_photos)
    val_images = list_labelled_images(options.data_dir / 'val', model.labels)
    train = Features(*trunk_features(model, train_images, options.device, options.workers))
    val = Features(*trunk_features(model, val_images, options.device, options.workers))

    splits, known, unknown = [], [], []
    for seed in range(options.seed, options.seed + options.splits):
        drawn = torch.randperm(classes, generator=torch.Generator().manual_seed(seed)).to(val.classes.device)
        split = measure_split(train, val, drawn[options.held_out:].sort().values, drawn[:options.held_out].sort().values)
        known.append(split.pop('known'))
        unknown.append(split.pop('unknown'))
        splits.append({'seed': seed, **split})
    measured = {
        **model.identity,
        'classes': classes,
        'heldOut': options.held_out,
        'trainPhotos': len(train.classes),
        'valPhotos': len(val.classes),
        'unreadable': len(train_images) + len(val_images) - len(train.classes) - len(val.classes),
        'recall': RECALL,
        'splits': splits,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / 'unknown-classes.json').write_text(json.dumps(measured, indent=2) + '\n', encoding='utf-8')
    draw_unknown_classes(np.concatenate(known), np.concatenate(unknown), options.out / 'unknown-classes.png')
    return measured


def is_older(path: Path) -> bool:
    """Tells whether an earlier measurement is there."""
    try:
        return {'model', 'heldOut', 'splits'} <= json.loads(path.read_text(encoding='utf-8')).keys()
    except (OSError, ValueError, AttributeError):
        return False


def first_of_each_class(images: Sequence[LabelledImage], count: int) -> list[LabelledImage]:
    taken: dict[int, int] = {}
    first = []
    for image in images:
        taken[image.class_index] = taken.get(image.class_index, 0) + 1
        if taken[image.class_index] <= count:
            first.append(image)
    return first


def measure_split(train: Features, val: Features, known_classes: torch.Tensor, held_out: torch.Tensor) -> dict:
    """
    Of one draw. Half of the known photos of `val` fit the temperature, the other half are measured, against all photos of the held-out
    classes. `known` and `unknown` are the scores of both.
    """
    known_train, known_val = train.of(known_classes), val.of(known_classes)
    head = fit_linear_head(known_train.features, known_train.classes, len(known_classes), WEIGHT_DECAY)
    for_temperature, measured = known_val.every_other(0), known_val.every_other(1)
    temperature = fit_temperature(logits_of(head, for_temperature), for_temperature.classes.cpu().numpy())
    logits, unknown_logits = logits_of(head, measured), logits_of(head, val.of(held_out))
    is_right = logits.argmax(axis=1) == measured.classes.cpu().numpy()
    probability, unknown_probability = (softmax(each / temperature).max(axis=1) for each in (logits, unknown_logits))
    scores = {
        'maximumProbability': (probability, unknown_probability),
        'maximumLogit': (logits.max(axis=1), unknown_logits.max(axis=1)),
        'energy': (log_sum_exp(logits), log_sum_exp(unknown_logits)),
    }
    return {
        'knownPhotos': len(logits),
        'unknownPhotos': len(unknown_logits),
        'top1': 100 * float(is_right.mean()),
        'temperature': temperature,
        'expectedCalibrationError': {
            'before': calibration(softmax(logits).max(axis=1), is_right)['expectedCalibrationError'],
            'after': calibration(probability, is_right)['expectedCalibrationError'],
        },
        'scores': {
            name: {'auroc': auroc(*pair), 'falseAcceptRate': accepted(pair[1], threshold_at_recall(pair[0], RECALL))} for name, pair in scores.items()
        },
        'minScores': [
            {
                'minScore': min_score,
                'recall': accepted(probability, min_score),
                'falseAcceptRate': accepted(unknown_probability, min_score),
                'right': float(is_right[probability >= min_score].mean()) if (probability >= min_score).any() else None,
            }
            for min_score in MIN_SCORES
        ],
        'known': probability,
        'unknown': unknown_probability,
    }


def logits_of(head: nn.Linear, photos: Features) -> np.ndarray:
    return head(photos.features).double().cpu().numpy()


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    largest = logits.max(axis=1)
    return largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))


def describe(measured: dict) -> str:
    splits = measured['splits']
    rows = [[name] + [f"{100 * np.mean([split['scores'][name][key] for split in splits]):.1f}" for key in ('auroc', 'falseAcceptRate')]
            for name in splits[0]['scores']]
    top1 = np.mean([split['top1'] for split in splits])
    return '\n'.join([
        f"{measured['model']}: {measured['heldOut']} of {measured['classes']} classes held out, {len(splits)} draws; top-1 of the others {top1:.2f} %",
        f"{'score':20} {'AUROC %':>8} {f'false accepts % at {100 * RECALL:.0f} % recall':>36}",
        *(f'{name:20} {area:>8} {rate:>36}' for name, area, rate in rows),
    ])


if __name__ == '__main__':
    main()
