"""Writes narrow checkpoints by PyTorch, timm and safetensors to test/golden/checkpoints/, with the logits that each must give.

A width of 0.05 keeps every kind of layer (all five convolutional shortcuts too) in a third of a megabyte of float32.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import safetensors.torch
import timm
import torch
from PIL import Image
from timm.models.ghostnet import GhostNet
from timm.utils import CheckpointSaver, ModelEmaV2

from generated_weights import generate_state_dict
from make_bn_statistics import FIXTURES, GOLDEN, augment_photos, calibrate, load_tensors, normalise
from make_preprocessing import preprocess

CHECKPOINTS = GOLDEN / 'checkpoints'
WIDTH, CLASSES, CROP = 0.05, 10, 64
IMAGES = ('chelsea', 'coffee')
TRAINED = ('blocks.8.', 'blocks.9.', 'classifier.')


def build_narrow():
    stages = timm.create_model('ghostnet_100').cfgs
    return GhostNet(stages, num_classes=CLASSES, width=WIDTH, drop_rate=0.0)


def write_pixels():
    """uint8 `[2, CROP, CROP, 3]`, one row per image; the same images as PNGs go next to the checkpoints."""
    rows = []
    for image in IMAGES:
        pixels, _ = preprocess(FIXTURES / f'{image}.png', CROP, 1.0, 'bilinear')
        Image.fromarray(pixels).save(CHECKPOINTS / f'{image}-{CROP}.png', optimize=True)
        rows.append(pixels)
    return np.stack(rows)


def fine_tune():
    """A model, its moving average and its optimiser after three real SGD steps on the last stages."""
    torch.manual_seed(7)
    model = build_narrow()
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    load_tensors(model, generate_state_dict(shapes, {name: model.state_dict()[name].numpy() for name in shapes}))
    average = ModelEmaV2(model, decay=0.5)
    for (name, parameter), averaged in zip(model.named_parameters(), average.module.parameters()):
        if not name.startswith(TRAINED):
            parameter.requires_grad_(False)
            averaged.data = parameter.data  # equal for ever: one storage for both, which PyTorch writes once
    optimiser = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.05, momentum=0.9, weight_decay=2e-5)
    random = np.random.Generator(np.random.PCG64(3))
    model.train()
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(model(normalise(augment_photos(CROP, random))), torch.arange(8) % 2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update(model)
    calibrate(model, CROP)
    calibrate(average.module, CROP)
    return model, average, optimiser


def in_one_storage(state_dict):
    """The same tensors in float16 as views at offsets into one storage, matrices and convolutions transposed in memory."""
    floats = {name: tensor for name, tensor in state_dict.items() if tensor.is_floating_point()}
    storage = torch.empty(sum(tensor.numel() for tensor in floats.values()), dtype=torch.float16)
    views, offset = {}, 0
    for name, tensor in floats.items():
        flat = storage[offset:offset + tensor.numel()]
        offset += tensor.numel()
        views[name] = flat.view(tensor.shape[::-1]).permute(*range(tensor.ndim - 1, -1, -1))
        views[name].copy_(tensor)
    assert not views['classifier.weight'].is_contiguous() and views['classifier.weight'].storage_offset() > 0
    return views


def compute_logits(state_dict, pixels):
    """float32 logits `[2, CLASSES]` of timm in eval mode."""
    model = build_narrow().eval()
    floats = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state_dict.items()}
    missing, unexpected = model.load_state_dict(floats, strict=False)
    assert not unexpected and all(name.endswith('num_batches_tracked') for name in missing), (missing, unexpected)
    with torch.no_grad():
        return model(normalise(pixels))


def round_logits(logits):
    return [[float(f'{value:.8g}') for value in row] for row in logits.tolist()]


def read_back(path):
    if path.suffix == '.safetensors':
        return safetensors.torch.load_file(path)
    with torch.serialization.safe_globals([argparse.Namespace]):
        return torch.load(path, weights_only=True)


def write_timm_ema(path, model, average, optimiser):
    """What timm's own training script leaves: raw and averaged weights, the optimiser and the command line."""
    args = argparse.Namespace(model='ghostnet_100', num_classes=CLASSES, opt='sgd', lr=0.05, model_ema=True)
    saver = CheckpointSaver(model, optimiser, args=args, model_ema=average, checkpoint_dir=str(path.parent))
    saver._save(str(path), epoch=3, metric=50.0)


def main():
    torch.set_num_threads(1)
    CHECKPOINTS.mkdir(exist_ok=True)
    pixels = write_pixels()
    model, average, optimiser = fine_tune()
    raw = model.state_dict()
    torch.save({name: tensor.bfloat16() if tensor.is_floating_point() else tensor for name, tensor in raw.items()},
               CHECKPOINTS / 'torch-bfloat16.pth')
    torch.save(raw, CHECKPOINTS / 'torch-legacy.pth', _use_new_zipfile_serialization=False)
    wrapped = {'epoch': 3, 'state_dict': {f'module.{name}': tensor for name, tensor in raw.items()}, 'optimizer': optimiser.state_dict()}
    torch.save(wrapped, CHECKPOINTS / 'torch-data-parallel.pth')
    write_timm_ema(CHECKPOINTS / 'timm-ema.pth.tar', model, average, optimiser)
    torch.save(in_one_storage(raw), CHECKPOINTS / 'torch-one-storage.pth')
    # Kernels and matrices in float16, every vector in float32: batch norm keeps its precision.
    mixed = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in raw.items()}
    safetensors.torch.save_file(mixed, CHECKPOINTS / 'torch-mixed.safetensors', metadata={'format': 'pt'})

    contents = {
        'torch-bfloat16.pth': ('pytorch-zip', lambda saved: saved),
        'torch-legacy.pth': ('pytorch-legacy', lambda saved: saved),
        'torch-data-parallel.pth': ('pytorch-zip', lambda saved: {n.removeprefix('module.'): t for n, t in saved['state_dict'].items()}),
        'timm-ema.pth.tar': ('pytorch-zip', lambda saved: saved['state_dict_ema']),
        'torch-one-storage.pth': ('pytorch-zip', lambda saved: saved),
        'torch-mixed.safetensors': ('safetensors', lambda saved: saved),
    }
    expected = {}
    for file, (form, unwrap) in contents.items():
        logits = compute_logits(unwrap(read_back(CHECKPOINTS / file)), pixels)
        apart = (logits[0] - logits[1]).abs().max()
        print(f'{file}: {(CHECKPOINTS / file).stat().st_size} bytes, the two photos differ by {apart:.2f}')
        assert apart > 1
        expected[file] = {
            'format': form, 'width': WIDTH, 'classes': CLASSES, 'pixels': [f'{image}-{CROP}.png' for image in IMAGES],
            'logits': round_logits(logits),
        }
    # A reader takes the moving average, as timm does; these are what it would give if it took the raw weights.
    raw_logits = compute_logits(read_back(CHECKPOINTS / 'timm-ema.pth.tar')['state_dict'], pixels)
    expected['timm-ema.pth.tar']['rawLogits'] = round_logits(raw_logits)
    assert (raw_logits - torch.tensor(expected['timm-ema.pth.tar']['logits'])).abs().max() > 0.1
    write_expected(expected)


def write_expected(entries):
    """Adds entries to expected.json, one line per file."""
    path = CHECKPOINTS / 'expected.json'
    merged = {**(json.loads(path.read_text()) if path.exists() else {}), **entries}
    lines = ',\n'.join(f'  {json.dumps(file)}: {json.dumps(entry)}' for file, entry in sorted(merged.items()))
    path.write_text(f'{{\n{lines}\n}}\n')


if __name__ == '__main__':
    main()
