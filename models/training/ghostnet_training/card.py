"""The card of a run, which `ghostserve build` reads next to its weights: preprocessing, and what the manifest says of the training."""

import json
from pathlib import Path

from ghostnet_training.evaluation import Accuracy
from ghostnet_training.recipe import Recipe
from ghostnet_training.transforms import MEAN, STD


def write_card(path: Path, recipe: Recipe, data_dir: Path, epoch: int, image_size: int, weights: str, accuracy: Accuracy) -> None:
    """Describes the weights that are served, `raw` or `averaged`, of one epoch, in the words of the manifest (`models/manifest/manifest.ts`)."""
    name = data_dir.resolve().name
    sizes = ', '.join(str(size) for size in recipe.image_sizes.values())
    card = {
        'preprocessing': {
            'cropSize': image_size, 'cropPct': recipe.crop_pct, 'interpolation': recipe.interpolation, 'mean': list(MEAN), 'std': list(STD),
        },
        'provenance': {
            'training': f'{recipe.model} on {name}: {epoch + 1} of {recipe.epochs} epochs at {sizes} pixels, learning rate {recipe.lr:g}, '
                        f'batches of {recipe.batch_size} images on each device; the {weights} weights.',
        },
        'accuracy': [{
            'dataset': f'{name}, validation', 'top1': round(accuracy.top1, 2), 'top5': round(accuracy.top5, 2), 'measuredBy': 'ghostnet_training, while training',
        }],
    }
    path.write_text(f'{json.dumps(card, indent=2)}\n', encoding='utf-8')
