"""The moving average of the weights: how it grows, and that it or the raw weights are kept, whichever are better."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ghostnet_training import checkpoint, train
from ghostnet_training.devices import Devices
from ghostnet_training.evaluation import Accuracy
from ghostnet_training.network import GhostNet
from ghostnet_training.recipe import Recipe, load_recipe, make_recipe
from ghostnet_training.results import read_results
from ghostnet_training.schedule import average_decay
from ghostnet_training.trainer import Trainer

CPU = Devices(torch.device('cpu'))
RECIPES = sorted((Path(__file__).parents[1] / 'recipes').glob('*.yaml'))

Scores = list[tuple[float, ...]]
State = dict[str, torch.Tensor]


def clone(state: State) -> State:
    return {name: tensor.clone() for name, tensor in state.items()}


def is_same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(('updates', 'decay'), [(1, 0.000499375), (60, 0.029524912), (2000, 0.631488439), (20_000, 0.998954645), (10**6, 0.999)])
def test_the_decay_grows_as_mindcv_s(updates: int, decay: float) -> None:
    assert average_decay(make_recipe({'ema_decay': 0.999}), updates) == pytest.approx(decay, abs=1e-9)


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_ten_steps_are_enough_to_forget_the_first_weights(path: Path) -> None:
    recipe = load_recipe(path)
    assert math.prod(average_decay(recipe, updates) for updates in range(1, 11)) < 1e-6


class Recorded(list):
    """Batches, which note the weights before each step and after the last."""

    def __init__(self, trainer: Trainer) -> None:
        random = torch.Generator().manual_seed(5)
        super().__init__((torch.randn(4, 3, 32, 32, generator=random, dtype=torch.float64), torch.tensor([0, 1, 2, 0]), 0) for _ in range(3))
        self.trainer = trainer
        self.weights: list[State] = []

    def __iter__(self) -> Iterator:
        for batch in super().__iter__():
            self.weights.append(clone(self.trainer.model.state_dict()))
            yield batch
        self.weights.append(clone(self.trainer.model.state_dict()))


def test_a_resumed_run_averages_as_mindcv_does() -> None:
    recipe = make_recipe({'batch_size': 4, 'devices': 1, 'epochs': 2, 'warmup_epochs': 0, 'lr': 0.1, 'workers': 0, 'ema_decay': 0.999})

    def new_trainer() -> Trainer:
        torch.manual_seed(3)
        return Trainer(recipe, GhostNet(0.5, 3).double(), CPU)

    trainer = new_trainer()
    average, updates = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items() if tensor.is_floating_point()}, 0
    for epoch in range(2):
        batches = Recorded(trainer)
        trainer.train_epoch(epoch, batches)
        for weights in batches.weights[1:]:
            updates += 1
            decay = 0.999 * (1 - math.exp(-updates / 2000))
            average = {name: tensor * decay + weights[name] * (1 - decay) for name, tensor in average.items()}
        actual = trainer.candidates['averaged'].state_dict()
        for name, tensor in average.items():
            assert float((actual[name] - tensor).abs().max()) < 1e-12, name
        assert not is_same(actual, trainer.candidates['raw'].state_dict())
        state = trainer.state()
        trainer = new_trainer()
        trainer.load_state(state)


class Judge:
    """Takes the place of the validation: gives each epoch's candidates the next scores, and notes their weights."""

    def __init__(self, scores: Scores) -> None:
        self.scores = iter(scores)
        self.epochs: list[dict[str, State]] = []

    def __call__(self, candidates: dict[str, torch.nn.Module], *_: object) -> dict[str, Accuracy]:
        self.epochs.append({name: clone(model.state_dict()) for name, model in candidates.items()})
        scores = next(self.scores, None)
        if scores is None:
            raise KeyboardInterrupt
        return {name: Accuracy(15, 1.0, score, 99.0, 0) for name, score in zip(candidates, scores, strict=True)}


def judged_run(monkeypatch: pytest.MonkeyPatch, recipe: Recipe, photos: Path, folder: Path, scores: Scores, resume: bool = False) -> Judge:
    judge = Judge(scores)
    monkeypatch.setattr(train, 'evaluate', judge)
    train.run(recipe, photos, folder, CPU, resume=resume)
    return judge


@pytest.mark.parametrize(('scores', 'epoch', 'weights', 'best'), [
    ([(50, 60)], 1, 'averaged', 60),
    ([(60, 50)], 1, 'raw', 60),
    ([(60, 60)], 1, 'raw', 60),
    ([(0, 0)], 1, 'raw', 0),
    ([(50, 60), (70, 65)], 2, 'raw', 70),
    ([(60, 50), (65, 70)], 2, 'averaged', 70),
    ([(70, 65), (50, 60)], 1, 'raw', 70),
    ([(50, 60), (60, 55)], 1, 'averaged', 60),
    ([(50,), (60,)], 2, 'raw', 60),
    ([(60,), (50,)], 1, 'raw', 60),
], ids=str)
def test_the_better_weights_are_kept_and_named(
    scores: Scores, epoch: int, weights: str, best: float, photos: Path, tiny: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    recipe = make_recipe({**tiny, 'epochs': len(scores), 'workers': 0, 'ema_decay': 0.9 if len(scores[0]) == 2 else 0})
    judge = judged_run(monkeypatch, recipe, photos, tmp_path / 'run', scores)
    kept = checkpoint.load(tmp_path / 'run/best.pth')
    assert set(kept) == {'state_dict', 'weights'}  # one state dict: `ghostserve build` has no choice
    assert kept['weights'] == weights
    same = [(number + 1, name) for number, candidates in enumerate(judge.epochs) for name, state in candidates.items() if is_same(state, kept['state_dict'])]
    assert same == [(epoch, weights)]

    card = json.loads((tmp_path / 'run/card.json').read_text())
    assert card['provenance']['training'].startswith(f'ghostnet_050 on photos: {epoch} of {len(scores)} epochs ')
    assert card['provenance']['training'].endswith(f'; the {weights} weights.')
    assert card['accuracy'][0]['top1'] == best
    rows = read_results(tmp_path / 'run/results.csv')
    assert [(row.top1, row.averaged_top1) for row in rows] == [(raw, *averaged) if averaged else (raw, None) for raw, *averaged in scores]
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f'Best top-1 {best:.2f}, of the {weights} weights: {tmp_path}/run/best.pth'
    assert ('averaged' in lines[-1]) == (recipe.ema_decay > 0)


@pytest.mark.parametrize(('later', 'weights', 'best'), [([(55, 59), (59, 50)], 'averaged', 60), ([(61, 59), (59, 50)], 'raw', 61)], ids=str)
def test_a_resumed_run_knows_what_was_best(
    later: Scores, weights: str, best: float, photos: Path, tiny: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture,
) -> None:
    recipe = make_recipe({**tiny, 'workers': 0})
    with pytest.raises(KeyboardInterrupt):
        judged_run(monkeypatch, recipe, photos, tmp_path / 'run', [(50, 60)])
    judged_run(monkeypatch, recipe, photos, tmp_path / 'run', later, resume=True)
    assert checkpoint.load(tmp_path / 'run/best.pth')['weights'] == weights
    assert capsys.readouterr().out.splitlines()[-1] == f'Best top-1 {best:.2f}, of the {weights} weights: {tmp_path}/run/best.pth'
    assert [row.averaged_top1 for row in read_results(tmp_path / 'run/results.csv')] == [60, *(averaged for _, averaged in later)]
