"""Scores of known and of held-out classes, where the right answer is known: in numbers, and on generated photos."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from conftest import COLOURS
from ghostnet_training.linear_head import fit_linear_head
from ghostnet_training.network import GhostNet
from ghostnet_training.separation import accepted, auroc, threshold_at_recall
from ghostnet_training.tally import softmax
from ghostnet_training.temperature import fit_temperature
from ghostnet_training.transforms import MEAN, STD
from ghostnet_training.unknown_classes import Features, log_sum_exp, main, measure_split


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    random = np.random.default_rng(0)
    known, unknown = random.integers(3, 9, 50), random.integers(0, 7, 70)
    pairs = [1.0 if one > other else 0.5 if one == other else 0.0 for one in known for other in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs))
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.ones(4), np.ones(9)) == 0.5


@pytest.mark.parametrize('count', [1, 19, 20, 100, 3750])
def test_the_threshold_is_the_highest_with_that_recall(count: int) -> None:
    known = np.random.default_rng(count).permutation(count) / count
    threshold = threshold_at_recall(known, 0.95)
    assert accepted(known, threshold) >= 0.95
    assert accepted(known, np.nextafter(threshold, np.inf)) < 0.95
    assert threshold in known


def test_a_head_finds_classes_that_a_plane_separates() -> None:
    torch.manual_seed(0)
    targets = torch.arange(90) % 3
    features = torch.randn(90, 5) + 6 * torch.eye(5)[targets]
    head = fit_linear_head(features, targets, 3, 1e-3)
    assert (head(features).argmax(1) == targets).all()
    # At the minimum the slope is zero.
    head.requires_grad_(True)
    (torch.nn.functional.cross_entropy(head(features), targets) + 1e-3 / 2 * head.weight.square().sum()).backward()
    assert head.weight.grad.abs().max() < 1e-3


def test_a_temperature_undoes_the_factor_of_logits() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 6))
    class_indices = (softmax(logits).cumsum(axis=1) < random.random((len(logits), 1))).sum(axis=1)
    assert fit_temperature(3 * logits, class_indices) == pytest.approx(3, rel=0.05)


def test_energy_does_not_overflow() -> None:
    assert log_sum_exp(np.array([[1e4, 1e4], [-1e4, -1e4]])) == pytest.approx([1e4 + np.log(2), -1e4 + np.log(2)])


def test_photos_far_from_all_known_classes_have_low_scores() -> None:
    """Known classes lie on axes of their own; the held-out ones lie between two known ones, or at one of them."""
    torch.manual_seed(0)
    axes = 8 * torch.eye(4)
    centres = torch.stack([*axes, (axes[0] + axes[1]) / 2, (axes[2] + axes[3]) / 2])
    classes = torch.arange(6).repeat_interleave(40)

    def measured(centres: torch.Tensor) -> dict:
        train, val = (Features(centres[classes] + torch.randn(len(classes), 4), classes) for _ in range(2))
        return measure_split(train, val, torch.tensor([0, 1, 2, 3]), torch.tensor([4, 5]))

    between = measured(centres)
    assert (between['knownPhotos'], between['unknownPhotos'], between['top1']) == (80, 80, 100.0)
    assert between['scores']['maximumProbability']['auroc'] > 0.95
    alike = measured(torch.stack([*axes, axes[0], axes[1]]))
    for scores in alike['scores'].values():
        assert scores['auroc'] == pytest.approx(0.5, abs=0.1)
        assert scores['falseAcceptRate'] > 0.85
    for rows in (between['minScores'], alike['minScores']):
        assert [row['recall'] for row in rows] == sorted((row['recall'] for row in rows), reverse=True)


def test_the_measurement_runs_on_folders(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    labels = [{'label': name} for name in COLOURS]
    model = tmp_path / 'model'
    model.mkdir()
    torch.manual_seed(0)
    tensors = GhostNet(0.5, len(labels)).state_dict()
    save_file({name: tensor for name, tensor in tensors.items() if not name.endswith('num_batches_tracked')}, model / 'model.safetensors')
    (model / 'labels.json').write_text(json.dumps(labels))
    (model / 'manifest.json').write_text(json.dumps({
        'name': 'm', 'width': 0.5, 'classes': len(labels),
        'preprocessing': {'cropSize': 32, 'cropPct': 1.0, 'interpolation': 'bilinear', 'mean': list(MEAN), 'std': list(STD)},
    }))
    (photos / 'val/blue/002.png').write_bytes(b'no image')
    arguments = [str(model), '--data-dir', str(photos), '--train-photos', '10', '--splits', '3', '--workers', '0', '--device', 'cpu']
    main([*arguments, '--held-out', '1', '--out', str(tmp_path / 'out')])
    assert capsys.readouterr().out.startswith('m: 1 of 3 classes held out, 3 draws; top-1 of the others ')
    measured = json.loads((tmp_path / 'out/unknown-classes.json').read_text())
    assert (measured['trainPhotos'], measured['valPhotos'], measured['unreadable']) == (30, 14, 1)
    assert [split['seed'] for split in measured['splits']] == [0, 1, 2]
    assert {split['unknownPhotos'] for split in measured['splits']} <= {4, 5}
    assert (tmp_path / 'out/unknown-classes.png').read_bytes()[:4] == b'\x89PNG'
    with pytest.raises(SystemExit, match='Expected to hold out 1 to 1 of 3 classes, got 2'):
        main([*arguments, '--held-out', '2', '--out', str(tmp_path / 'out')])
    (tmp_path / 'out/unknown-classes.json').write_text('mine')
    with pytest.raises(SystemExit, match='without unknown-classes.json'):
        main([*arguments, '--held-out', '1', '--out', str(tmp_path / 'out')])
    assert (tmp_path / 'out/unknown-classes.json').read_text() == 'mine'
