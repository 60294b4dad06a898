"""The first 20 steps against MindCV's own on MindSpore, from the same weights on the same batches: test/golden/make_mindcv_losses.py."""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ghostnet_training.network import GhostNet, load_weights
from ghostnet_training.optimisation import build_loss, build_optimizer, train_step
from ghostnet_training.recipe import make_recipe

GOLDEN = Path(__file__).parents[3] / 'test/golden'
sys.path.insert(0, str(GOLDEN))
from generated_batches import BATCHES, make_batch  # noqa: E402

MINDCV = json.loads((GOLDEN / 'training/mindcv-losses.json').read_text())
# MindCV's words for batch norm, and its index where others have a name.
LEAVES = {'gamma': 'weight', 'beta': 'bias', 'moving_mean': 'running_mean', 'moving_variance': 'running_var'}
MODULES = {'blocks.9.features.0': 'blocks.9.0.conv', 'blocks.9.features.1': 'blocks.9.0.bn1'}

Change = Callable[[torch.optim.Optimizer], None]


def initial_weights() -> dict[str, torch.Tensor]:
    weights = {}
    for name, tensor in load_file(GOLDEN / 'training/mindcv-initial.safetensors').items():
        module, leaf = name.rsplit('.', 1)
        weights[f'{MODULES.get(module, module)}.{LEAVES.get(leaf, leaf)}'] = tensor
    return weights


batch_of = functools.cache(lambda step: [torch.from_numpy(array) for array in make_batch('measured', step)])


def train(changes: dict = {}, change_optimizer: Change = lambda optimizer: None) -> list[float]:
    """The loss of each step, with MindCV's hyper-parameters but for the changes."""
    torch.set_num_threads(1)
    recipe = make_recipe({**MINDCV['recipe'], **changes})
    model = GhostNet(MINDCV['width'], recipe.num_classes, recipe.dropout).train()
    load_weights(model, initial_weights())
    loss, optimizer, scaler = build_loss(recipe), build_optimizer(recipe, model), torch.amp.GradScaler(enabled=False)
    change_optimizer(optimizer)
    losses = []
    for step in range(len(MINDCV['losses'])):
        images, labels = batch_of(step % BATCHES)
        losses.append(train_step(model, images, labels.long(), loss, optimizer, scaler).item())
    return losses


def agrees(losses: list[float]) -> bool:
    """Whether losses are within 1e-3 in the first 5 steps, and within 2 % of MindCV's in all of them."""
    differences = [abs(ours - theirs) for ours, theirs in zip(losses, MINDCV['losses'], strict=True)]
    first, relative = max(differences[:5]), max(difference / theirs for difference, theirs in zip(differences, MINDCV['losses'], strict=True))
    print(f'largest difference: {first:.1e} in the first 5 steps, {100 * relative:.3f} % in all')
    return first <= 1e-3 and relative <= 0.02


def test_losses_agree_with_mindcv():
    losses = train()
    assert agrees(losses), [f'{ours:.4f} / {theirs:.4f}' for ours, theirs in zip(losses, MINDCV['losses'], strict=True)]
    assert losses[0] - losses[-1] >= 0.5


@pytest.mark.parametrize('changes', [{'weight_decay': 0.0}, {'nesterov': True}, {'momentum': 0.8}, {'label_smoothing': 0.0}], ids=str)
def test_another_recipe_is_seen(changes: dict):
    assert not agrees(train(changes))


def test_another_rule_of_momentum_is_seen():
    def dampen(optimizer: torch.optim.Optimizer) -> None:
        """v = momentum v + (1 - momentum) gradient."""
        for group in optimizer.param_groups:
            group['dampening'] = group['momentum']

    assert not agrees(train(change_optimizer=dampen))
