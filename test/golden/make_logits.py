"""Writes test/golden/logits.json (timm's logits at full width) and test/golden/state-dicts.json (names, shapes, digest).

Input: uint8 pixels in test/golden/preprocessing/, generated weights, test/golden/bn-statistics.safetensors.
"""

import hashlib
import json
import platform

import numpy as np
import timm
import torch
from PIL import Image

from generated_weights import is_learned
from make_bn_statistics import GOLDEN, VARIANTS, load_variant, normalise

IMAGES = ('chelsea', 'coffee')


def read_pixels(image):
    return np.asarray(Image.open(GOLDEN / 'preprocessing' / f'{image}-224.png'))


def digest_learned(model):
    """sha256 over the float32 bytes of every learned tensor, in the order of the state dict."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if is_learned(name):
            digest.update(tensor.numpy().astype('<f4').tobytes())
    return digest.hexdigest()


def main():
    pixels = normalise([read_pixels(image) for image in IMAGES])
    logits, state_dicts = {}, {}
    for variant in VARIANTS:
        model = load_variant(variant)
        state_dicts[variant] = {
            'learnedSha256': digest_learned(model),
            'shapes': {name: list(tensor.shape) for name, tensor in model.state_dict().items()
                       if not name.endswith('.num_batches_tracked')},
        }
        with torch.no_grad():
            single = model(pixels).numpy()
            double = model.double()(pixels.double()).numpy()
        apart = np.abs(single[0] - single[1]).max()
        error = np.abs(single - double).max() / np.abs(double).max()
        print(f'{variant}: std {single.std():.2f}, largest {np.abs(single).max():.2f}, the two photos differ by {apart:.2f}, '
              f'float32 against float64 {error:.1e} of the largest')
        assert apart > 1, f'{variant}: the logits of two photos differ by {apart} only'
        logits[variant] = {image: [float(f'{value:.8g}') for value in row] for image, row in zip(IMAGES, single)}
    versions = {'python': platform.python_version(), 'torch': torch.__version__, 'timm': timm.__version__, 'numpy': np.__version__}
    (GOLDEN / 'logits.json').write_text(json.dumps({'versions': versions, 'logits': logits}, separators=(',', ':')) + '\n')
    (GOLDEN / 'state-dicts.json').write_text(json.dumps(state_dicts, separators=(',', ':')) + '\n')


if __name__ == '__main__':
    main()
