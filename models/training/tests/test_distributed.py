"""Two processes and one that does the work of both."""

import dataclasses
import os
import socket
from pathlib import Path

import pytest
import torch
from torch import multiprocessing, nn

from ghostnet_training.devices import open_devices
from ghostnet_training.evaluation import evaluate
from ghostnet_training.network import GhostNet
from ghostnet_training.optimisation import build_loss, build_optimizer
from ghostnet_training.recipe import Recipe, make_recipe
from ghostnet_training.schedule import learning_rate
from ghostnet_training.trainer import Trainer

STEPS, BATCH = 3, 4


def batches(rank: int) -> list:
    random = torch.Generator().manual_seed(rank)
    return [
        (torch.randn(BATCH, 3, 32, 32, generator=random, dtype=torch.float64), torch.randint(5, (BATCH,), generator=random), 0)
        for _ in range(STEPS)]


def make_model() -> nn.Module:
    torch.manual_seed(3)
    return GhostNet(0.5, 5, dropout=0).double()


def recipe() -> Recipe:
    return make_recipe({'batch_size': BATCH, 'devices': 2, 'epochs': 1, 'warmup_epochs': 0, 'lr': 0.1, 'workers': 0, 'ema_decay': 0.5})


def train_one_of_two(rank: int, port: int, folder: str) -> None:
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    with open_devices('cpu') as devices:
        trainer = Trainer(recipe(), make_model(), devices)
        trained = trainer.train_epoch(0, batches(rank))
        validated = evaluate(trainer.candidates, batches(rank), trainer.loss, devices)
        torch.save({
            'model': trainer.model.state_dict(), 'loss': trained.loss,
            'candidates': {name: each.state_dict() for name, each in trainer.candidates.items()},
            'validated': {name: dataclasses.asdict(each) for name, each in validated.items()},
        }, Path(folder) / f'{rank}.pth')


def train_both_halves() -> tuple[nn.Module, float]:
    """One process, each half with its own batch statistics; the running statistics are those of the first half."""
    model, loss = make_model(), build_loss(recipe())
    optimizer = build_optimizer(recipe(), model)
    model.train()
    losses = []
    for step, halves in enumerate(zip(batches(0), batches(1), strict=True)):
        optimizer.param_groups[0]['lr'] = learning_rate(recipe(), step, STEPS, 2 * BATCH)
        optimizer.zero_grad()
        for number, (images, targets, _) in enumerate(halves):
            before = {name: buffer.clone() for name, buffer in model.named_buffers()}
            value = loss(model(images), targets)
            (value / 2).backward()
            losses.append(float(value.detach()))
            if number == 1:
                for name, buffer in model.named_buffers():
                    buffer.copy_(before[name])
        optimizer.step()
    return model, sum(losses) / len(losses)


def test_two_processes_are_one_that_averages(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    multiprocessing.spawn(train_one_of_two, (port, str(tmp_path)), nprocs=2)
    two, second = (torch.load(tmp_path / f'{rank}.pth') for rank in range(2))
    one, loss = train_both_halves()
    assert two['loss'] == pytest.approx(loss, abs=1e-9)
    moved = max(float((tensor - before).detach().abs().max()) for tensor, before in zip(one.parameters(), make_model().parameters(), strict=True))
    assert moved > 1e-3, 'nothing was learned, so nothing was compared'
    for name, tensor in one.state_dict().items():
        assert float((two['model'][name] - tensor).abs().max()) <= 1e-6, name
    assert second['loss'] == two['loss']
    assert list(two['candidates']) == ['raw', 'averaged']
    assert second['validated'] == two['validated'], 'the devices judge differently'
    assert {each['images'] for each in two['validated'].values()} == {2 * STEPS * BATCH}
    for weights, state in two['candidates'].items():
        for name, tensor in state.items():
            assert torch.equal(second['candidates'][weights][name], tensor), f'{weights} {name}: the devices validate different models'
