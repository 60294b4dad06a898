"""Writes the pixels that Pillow prepares from each fixture to test/golden/preprocessing/, with an index.

The steps are those of torchvision and timm at evaluation: EXIF orientation, RGB, antialiased resize of the shorter side, centre crop.
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FIXTURES = Path(__file__).parent.parent / 'fixtures'
PREPROCESSING = Path(__file__).parent / 'preprocessing'

RECIPES = {
    'imagenet-224': {'crop': 224, 'cropPct': 0.875, 'interpolation': 'bicubic'},
    'tiny-imagenet-128': {'crop': 128, 'cropPct': 1.0, 'interpolation': 'bilinear'},
}
INTERPOLATION = {'bicubic': Image.Resampling.BICUBIC, 'bilinear': Image.Resampling.BILINEAR}

# What differs in decoding only is as well seen in the smaller crop; a tenth of a megabyte in the repository for each larger one is not.
CASES = {
    'imagenet-224': [
        'chelsea.png', 'coffee.png', 'exif-6.jpg', 'grey.jpg', 'rgba.png', 'cmyk.jpg', 'grey-16-bit.png', 'icc-wide-gamut.jpg',
        'one-pixel-wide.png', 'small.png', 'margin-117.jpg', 'margin-119.jpg', 'twelve-megapixels.jpg',
    ],
    'tiny-imagenet-128': [
        'chelsea.png', 'coffee.png', 'rgba.png', 'cmyk.jpg', *(f'exif-{orientation}.jpg' for orientation in range(1, 9)), 'grey-alpha.png', 'rgb-16-bit.png',
        'palette.png', 'palette-transparent.png', 'lossy.webp', 'progressive.jpg', 'chroma-444.jpg', 'chroma-422.jpg', 'rgb-adobe.jpg', 'one-pixel-wide.png', 'small.png',
        'margin-117.jpg', 'twelve-megapixels.jpg',
    ],
}


def decode(path):
    """RGB as pipelines on Pillow decode it: upright, the ICC profile ignored, alpha dropped with the colours under it kept."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith('I;16'):
        # Pillow clips 16-bit grey at 255 on conversion, which turns nearly every photo white. The high byte is what Pillow itself
        # takes of 16-bit RGB, and what every viewer shows.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert('RGB')
    return image.convert('RGB')


def resize_shorter_side(image, side, interpolation):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    if short == side:
        return image
    scaled_long = int(side * long / short)  # truncated, as torchvision does
    size = (side, scaled_long) if width <= height else (scaled_long, side)
    return image.resize(size, INTERPOLATION[interpolation], reducing_gap=None)


def crop_centre(image, crop):
    left = int(round((image.width - crop) / 2.0))  # half to even: a margin of 117 gives 58
    top = int(round((image.height - crop) / 2.0))
    return image.crop((left, top, left + crop, top + crop))


def preprocess(path, crop, cropPct, interpolation):
    """uint8 RGB `[crop, crop, 3]`, and the size of the upright source."""
    image = decode(path)
    resized = resize_shorter_side(image, math.floor(crop / cropPct), interpolation)
    return np.asarray(crop_centre(resized, crop)), image.size


def main():
    PREPROCESSING.mkdir(exist_ok=True)
    index = []
    for recipe_name, files in CASES.items():
        recipe = RECIPES[recipe_name]
        for file in files:
            pixels, (width, height) = preprocess(FIXTURES / file, **recipe)
            expected = f'{Path(file).stem}-{recipe["crop"]}.png'
            Image.fromarray(pixels).save(PREPROCESSING / expected, optimize=True)
            index.append({
                'name': Path(file).stem, 'file': file, 'expected': expected, 'recipe': recipe_name,
                'crop': recipe['crop'], 'resize': math.floor(recipe['crop'] / recipe['cropPct']), 'interpolation': recipe['interpolation'],
                'sourceWidth': width, 'sourceHeight': height,
            })
    lines = ',\n'.join('  ' + json.dumps(case) for case in index)
    (PREPROCESSING / 'index.json').write_text(f'[\n{lines}\n]\n')


if __name__ == '__main__':
    main()
