"""The training commands of the pages, whose options and recipes are taken, though nothing is trained: that would take days."""

import re
import shlex
from pathlib import Path

import pytest

from ghostnet_training import train
from ghostnet_training.recipe import Recipe

ROOT = Path(__file__).parents[3]
# Page -> where its commands run, and what the recipe of its last one is.
PAGES = {
    'models/training/README.md': (ROOT / 'models/training', {'model': 'ghostnet_100', 'devices': 8}),
    'docs/explanation/bundled-model.md': (ROOT, {'epochs': 17, 'lr': 0.4, 'image_sizes': {0: 128}, 'scale': (0.25, 1.0)}),
}


def commands_of(page: str) -> list[list[str]]:
    """Arguments of every documented training."""
    text = (ROOT / page).read_text(encoding='utf-8').replace('\\\n', ' ')
    return [shlex.split(line) for line in re.findall(r'^(?:python|torchrun).*-m ghostnet_training\.train (.+)$', text, re.MULTILINE)]


@pytest.mark.parametrize('page', PAGES)
def test_options_and_recipes_are_taken(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes: list[Recipe] = []
    monkeypatch.setattr(train, 'run', lambda recipe, *_: recipes.append(recipe))
    folder, expected = PAGES[page]
    monkeypatch.chdir(folder)
    commands = commands_of(page)
    assert commands
    for command in commands:
        train.main(command)
    assert {name: getattr(recipes[-1], name) for name in expected} == expected
