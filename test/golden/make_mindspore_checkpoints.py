"""Writes narrow checkpoints by MindSpore and MindCV to test/golden/checkpoints/, and what MindCV answers for each image.

Runs after make_checkpoints.py, in an environment of its own. The weights are those of torch-mixed.safetensors, under MindCV's names.
"""

import json
import os

os.environ.setdefault('GLOG_v', '3')

import mindspore as ms
import numpy as np
from mindcv.loss import create_loss
from mindcv.models.ghostnet import GhostNet
from mindcv.utils import create_trainer
from mindspore import nn
from PIL import Image
from pathlib import Path
from safetensors.numpy import load_file

CHECKPOINTS = Path(__file__).parent / 'checkpoints'
SOURCE = 'torch-mixed.safetensors'
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
STATISTICS = {'running_mean': 'moving_mean', 'running_var': 'moving_variance'}
AFFINE = {'weight': 'gamma', 'bias': 'beta'}


def to_mindspore_names(state_dict):
    """MindCV's name of each tensor: batch norm has its own words, and one stage is indexed instead of named."""
    norms = {name.removesuffix('.running_mean') for name in state_dict if name.endswith('.running_mean')}
    renamed = {}
    for name, array in state_dict.items():
        module, leaf = name.rsplit('.', 1)
        if leaf == 'num_batches_tracked':
            continue
        if module in norms:
            leaf = {**STATISTICS, **AFFINE}[leaf]
        module = module.replace('blocks.9.0.conv', 'blocks.9.features.0').replace('blocks.9.0.bn1', 'blocks.9.features.1')
        renamed[f'{module}.{leaf}'] = array
    return renamed


def to_names_of_2022(name):
    return name.replace('blocks.9.features.0', 'blocks.9.0.conv').replace('blocks.9.features.1', 'blocks.9.0.bn1')


def write(save_obj, file, **options):
    path = CHECKPOINTS / file
    path.unlink(missing_ok=True)
    ms.save_checkpoint(save_obj, str(path), **options)
    path.chmod(0o644)


def write_training(net, file):
    """What MindCV's trainer saves between epochs: the training cell, so that the state of its optimiser lies beside the weights."""
    trained = [p for p in net.trainable_params() if p.name.startswith(('blocks.8.', 'blocks.9.', 'classifier.'))]
    optimiser = nn.Momentum(trained, learning_rate=nn.cosine_decay_lr(0.0, 0.05, 10, 5, 2), momentum=0.9, weight_decay=2e-5)
    trainer = create_trainer(net, create_loss('CE', label_smoothing=0.1), optimiser, {}, amp_level='O0', amp_cast_list='[]',
                             loss_scale_type='fixed', loss_scale=1024.0, ema=False, clip_grad=True)
    write(trainer.train_network, file, crc_check=True)


def main():
    ms.set_context(mode=ms.GRAPH_MODE)
    expected = json.loads((CHECKPOINTS / 'expected.json').read_text())
    source = expected[SOURCE]
    net = GhostNet(num_classes=source['classes'], width=source['width'], drop_rate=0.0).set_train(False)

    weights = to_mindspore_names(load_file(CHECKPOINTS / SOURCE))
    parameters = {parameter.name: parameter for parameter in net.get_parameters()}
    assert set(parameters) == set(weights), set(parameters) ^ set(weights)
    for name, parameter in parameters.items():
        assert tuple(parameter.shape) == weights[name].shape, name
        parameter.set_data(ms.Tensor(weights[name].astype(np.float32)))

    halves = [{'name': name, 'data': ms.Tensor(array)} for name, array in weights.items()]
    write(net, 'mindcv.ckpt')
    write([{**entry, 'name': to_names_of_2022(entry['name'])} for entry in halves], 'mindcv-2022.ckpt')
    write(halves, 'mindcv.safetensors', format='safetensors')
    write_training(net, 'mindcv-training.ckpt')

    pixels = np.stack([np.asarray(Image.open(CHECKPOINTS / file)) for file in source['pixels']])
    values = ((pixels.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    net.set_train(False)
    logits = net(ms.Tensor(np.ascontiguousarray(values))).asnumpy()
    reference = np.array(source['logits'])
    difference = np.abs(logits - reference).max() / np.abs(reference).max()
    print(f'MindCV against timm on the same weights: {difference:.1e} of the largest logit')
    assert difference < 1e-4

    for file, form in (('mindcv.ckpt', 'mindspore'), ('mindcv-2022.ckpt', 'mindspore'),
                       ('mindcv-training.ckpt', 'mindspore'), ('mindcv.safetensors', 'safetensors')):
        options = {'format': 'safetensors'} if form == 'safetensors' else {}
        saved = {to_names_of_2022(name): tensor.asnumpy() for name, tensor in
                 ms.load_checkpoint(str(CHECKPOINTS / file), crc_check=file == 'mindcv-training.ckpt', **options).items()}
        for name, array in weights.items():
            assert np.array_equal(saved[to_names_of_2022(name)].astype(np.float32), array.astype(np.float32)), f'{file}: {name}'
        beside = set(saved) - {to_names_of_2022(name) for name in weights}
        print(f'{file}: {(CHECKPOINTS / file).stat().st_size} bytes, {len(beside)} tensors beside the weights')
        expected[file] = {**source, 'format': form, 'logits': [[float(f'{value:.8g}') for value in row] for row in logits.tolist()]}
    lines = ',\n'.join(f'  {json.dumps(file)}: {json.dumps(entry)}' for file, entry in sorted(expected.items()))
    (CHECKPOINTS / 'expected.json').write_text(f'{{\n{lines}\n}}\n')


if __name__ == '__main__':
    main()
