import dataclasses
from pathlib import Path

import pytest
import yaml

from ghostnet_training.network import WIDTHS
from ghostnet_training.recipe import Recipe, load_recipe, make_recipe

FOLDER = Path(__file__).parents[1]
RECIPES = sorted((FOLDER / 'recipes').glob('*.yaml'))


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_a_recipe_names_every_hyper_parameter(path: Path) -> None:
    assert set(yaml.safe_load(path.read_text())) == {field.name for field in dataclasses.fields(Recipe)}
    assert load_recipe(path).model in WIDTHS


def test_the_published_recipes_differ_only_in_model_and_repeats() -> None:
    recipes = {path.stem: load_recipe(path) for path in RECIPES}
    mindcv = recipes['ghostnet_100']
    assert mindcv == Recipe()
    assert mindcv.batch_size * mindcv.devices == 1024
    assert (mindcv.epochs, mindcv.lr, mindcv.warmup_epochs, mindcv.weight_decay, mindcv.label_smoothing) == (600, 0.4, 20, 2e-5, 0.1)
    assert recipes['ghostnet_050'] == dataclasses.replace(mindcv, model='ghostnet_050')
    assert recipes['ghostnet_130'] == dataclasses.replace(mindcv, model='ghostnet_130', aug_repeats=3)


def test_every_hyper_parameter_is_used() -> None:
    source = ''.join(path.read_text() for path in (FOLDER / 'ghostnet_training').glob('*.py') if path.name != 'recipe.py')
    unused = [field.name for field in dataclasses.fields(Recipe) if f'recipe.{field.name}' not in source]
    assert unused == []


@pytest.mark.parametrize(('values', 'sentence'), [
    ({'learning_rate': 1}, 'got learning_rate'),
    ({'epochs': 'many'}, "Expected epochs to be int, got 'many'"),
    ({'epochs': True}, 'Expected epochs to be int, got True'),
    ({'scale': [1]}, r'Expected scale to be tuple\[float, float\]|Expected scale to be tuple'),
    ({'image_sizes': {5: 96}}, 'Expected image_sizes to begin with epoch 0'),
    ({'epochs': 3}, 'Expected at most 3 warmup_epochs'),
])
def test_what_is_no_recipe_is_rejected_in_a_sentence(values: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_recipe(values)


def test_single_values_can_be_changed(tmp_path: Path) -> None:
    recipe = load_recipe(FOLDER / 'recipes/ghostnet_100.yaml', ['lr=2e-3', 'num_classes=null', 'image_sizes={0: 64, 2: 96}'])
    assert (recipe.lr, recipe.num_classes, recipe.image_sizes) == (2e-3, None, {0: 64, 2: 96})
    with pytest.raises(ValueError, match='Expected a change as key=value, got lr'):
        load_recipe(FOLDER / 'recipes/small.yaml', ['lr'])
