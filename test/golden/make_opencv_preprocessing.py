"""Writes the pixels that OpenCV and MindSpore prepare from fixtures to test/golden/preprocessing-opencv/, with an index.

The steps are MindCV's at evaluation: OpenCV's bilinear resize of the shorter side, which does not antialias, and MindSpore's centre crop.
The decoded pixels are Pillow's, as in make_preprocessing.py: what is compared is the resize, not the decoder.
"""

import json
from pathlib import Path

import cv2
import numpy as np
from mindspore.dataset import vision
from mindspore.dataset.vision import Inter
from PIL import Image

from make_preprocessing import FIXTURES, decode

PREPROCESSING = Path(__file__).parent / 'preprocessing-opencv'

# Fixture, side of the crop, length of the shorter side before it.
CASES = [
    ('chelsea.png', 224, 256),
    ('chelsea.png', 96, 101),  # an odd margin; the longer side is not a whole number of pixels
    ('chelsea.png', 112, 150),  # half as high, not quite half as wide: 225.5 pixels
    ('coffee.png', 96, 200),  # half as wide and as high
    ('coffee.png', 64, 64),
    ('small.png', 64, 64),  # as it is
    ('small.png', 96, 101),  # enlarged
    ('one-pixel-wide.png', 96, 96),
    ('rgba.png', 80, 91),
    ('cmyk.jpg', 80, 91),
    ('grey-16-bit.png', 64, 73),
    ('exif-6.jpg', 80, 91),
    ('margin-117.jpg', 96, 101),
    ('twelve-megapixels.jpg', 96, 110),
]


def main():
    PREPROCESSING.mkdir(exist_ok=True)
    index = []
    for file, crop, shorter in CASES:
        source = np.ascontiguousarray(decode(FIXTURES / file))
        mindspores = vision.Resize(shorter, Inter.LINEAR)(source)
        height, width = mindspores.shape[:2]
        resized = cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR)
        difference = int(np.abs(resized.astype(int) - mindspores.astype(int)).max())
        print(f'{file} {source.shape[1]}x{source.shape[0]} to {width}x{height}: MindSpore differs from cv2 by at most {difference} of 255')
        assert difference <= 1
        name = f'{Path(file).stem}-{crop}-of-{shorter}'
        Image.fromarray(vision.CenterCrop(crop)(resized)).save(PREPROCESSING / f'{name}.png', optimize=True)
        index.append({
            'name': name, 'file': file, 'crop': crop, 'resize': shorter,
            'sourceWidth': source.shape[1], 'sourceHeight': source.shape[0], 'resizedWidth': width, 'resizedHeight': height,
        })
    lines = ',\n'.join('  ' + json.dumps(case) for case in index)
    (PREPROCESSING / 'index.json').write_text(f'[\n{lines}\n]\n')


if __name__ == '__main__':
    main()
