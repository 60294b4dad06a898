"""Writes test/golden/bn-statistics.safetensors: running statistics of batch norm under the generated weights, as float16.

Independent random statistics would leave the logits nearly the same for every input, and a wrong graph would pass. So they are
measured on real photos first, and then moved by a tenth, so that no batch norm is an identity up to its scale.
"""

from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

from generated_weights import generate_state_dict, generate_values

GOLDEN = Path(__file__).parent
FIXTURES = GOLDEN.parent / 'fixtures'
STATISTICS = GOLDEN / 'bn-statistics.safetensors'
VARIANTS = ('ghostnet_050', 'ghostnet_100', 'ghostnet_130')
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
PASSES, BATCH_SIZE = 4, 8


def normalise(pixels):
    """float32 `[N, 3, H, W]` of uint8 `[N, H, W, 3]`."""
    values = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).to(torch.float32) / 255
    return ((values - MEAN) / STD).contiguous()


def augment_photos(crop, random):
    """uint8 `[BATCH_SIZE, crop, crop, 3]`: random crops of both photos, flipped and with noise."""
    batch = []
    for number in range(BATCH_SIZE):
        photo = Image.open(FIXTURES / ('chelsea.png', 'coffee.png')[number % 2]).convert('RGB')
        side = int(random.integers(photo.height // 2, photo.height + 1))
        left, top = (int(random.integers(0, room + 1)) for room in (photo.width - side, photo.height - side))
        pixels = np.asarray(photo.resize((crop, crop), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))).astype(float)
        if random.integers(2):
            pixels = pixels[:, ::-1]
        noise = random.normal(0, random.uniform(0, 24), pixels.shape)
        batch.append(np.clip(np.rint(pixels * random.uniform(0.6, 1.2) + noise), 0, 255).astype(np.uint8))
    return np.stack(batch)


def calibrate(model, crop):
    """Sets the running statistics of `model` to their average over a few training-mode passes, then moves each by a tenth."""
    random = np.random.Generator(np.random.PCG64(2020))
    norms = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
    for norm in norms.values():
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all passes
    model.train()
    with torch.no_grad():
        for _ in range(PASSES):
            model(normalise(augment_photos(crop, random)))
    for name, norm in norms.items():
        count = norm.num_features
        shift, stretch = (torch.from_numpy(generate_values(f'{name}.{kind}', count, 0, 0.1)) for kind in ('shift', 'stretch'))
        norm.running_mean += shift * norm.running_var.sqrt()
        norm.running_var *= 1 + stretch
    model.eval()


def load_variant(variant):
    """The timm model in eval mode, with generated weights and the committed statistics."""
    model = timm.create_model(variant)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    committed = load_file(STATISTICS)
    statistics = {name: committed[f'{variant}.{name}'].astype(np.float32) for name in shapes if '.running_' in name}
    load_tensors(model, generate_state_dict(shapes, statistics))
    return model.eval()


def load_tensors(model, tensors):
    missing, unexpected = model.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()}, strict=False)
    assert not unexpected and all(name.endswith('num_batches_tracked') for name in missing), (missing, unexpected)


def main():
    statistics = {}
    for variant in VARIANTS:
        model = timm.create_model(variant, drop_rate=0.0)
        shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        initial = {name: model.state_dict()[name].numpy() for name in shapes if '.running_' in name}
        load_tensors(model, generate_state_dict(shapes, initial))
        calibrate(model, 224)
        for name, tensor in model.state_dict().items():
            if '.running_' not in name:
                continue
            half = tensor.numpy().astype(np.float16)
            assert np.isfinite(half).all() and (name.endswith('mean') or half.min() > 1e-4), f'{name} does not fit float16'
            statistics[f'{variant}.{name}'] = half
    save_file(statistics, STATISTICS)


if __name__ == '__main__':
    main()
