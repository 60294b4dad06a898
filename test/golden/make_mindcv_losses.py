"""Writes what MindCV's training on MindSpore makes of fixed batches to test/golden/training/: the weights it begins with, and the loss of each step.

Runs in the environment of make_mindspore_checkpoints.py. Network, initial weights, loss, optimiser and training step are MindCV's own;
there is no augmentation, no dropout and no schedule. Compiling the graph takes minutes, each step about a second.

The weights are those after some steps on other batches: from untrained ones, at this learning rate, a step magnifies rounding a
hundredfold, and soon two runs of one framework have other losses.
"""

import json
import os
from pathlib import Path

os.environ.setdefault('GLOG_v', '3')

import mindcv
import mindspore as ms
import numpy as np
from mindcv.loss import create_loss
from mindcv.models.ghostnet import GhostNet
from mindcv.optim import create_optimizer
from mindcv.utils import create_trainer

from generated_batches import CLASSES, make_batch

TRAINING = Path(__file__).parent / 'training'
WIDTH = 0.1
SEED = 1
WARM_UP_STEPS = 40
STEPS = 20
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, LABEL_SMOOTHING = 0.05, 0.9, 0.01, 0.1


def main():
    TRAINING.mkdir(exist_ok=True)
    ms.set_context(mode=ms.GRAPH_MODE, device_target='CPU')
    ms.set_seed(SEED)
    net = GhostNet(num_classes=CLASSES, width=WIDTH, drop_rate=0.0)
    optimizer = create_optimizer(net.trainable_params(), opt='momentum', lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    trainer = create_trainer(net, create_loss('CE', label_smoothing=LABEL_SMOOTHING), optimizer, {}, amp_level='O0', amp_cast_list='',
                             loss_scale_type='fixed')
    step = trainer.train_network.set_train()

    def take_steps(series, count):
        losses = []
        for number in range(count):
            images, labels = make_batch(series, number)
            losses.append(float(step(ms.Tensor(images), ms.Tensor(labels)).asnumpy()))
            print(f'{series} {number}: {losses[-1]:.6f}', flush=True)
        return losses

    take_steps('warm-up', WARM_UP_STEPS)
    for moment in optimizer.moments:
        moment.set_data(ms.Tensor(np.zeros(moment.shape, np.float32)))
    initial = TRAINING / 'mindcv-initial.safetensors'
    initial.unlink(missing_ok=True)
    ms.save_checkpoint(net, str(initial), format='safetensors')
    initial.chmod(0o644)
    losses = take_steps('measured', STEPS)
    assert losses[0] - losses[-1] >= 0.5, losses

    (TRAINING / 'mindcv-losses.json').write_text(json.dumps({
        'madeBy': f'mindcv {mindcv.__version__}, mindspore {ms.__version__}, CPU, graph mode',
        'width': WIDTH,
        'recipe': {
            'num_classes': CLASSES, 'lr': LEARNING_RATE, 'momentum': MOMENTUM, 'weight_decay': WEIGHT_DECAY,
            'label_smoothing': LABEL_SMOOTHING, 'dropout': 0.0,
        },
        'losses': losses,
    }, indent=2) + '\n')


if __name__ == '__main__':
    main()
