import json
from pathlib import Path

import pytest
import torch

from ghostnet_training.network import WIDTHS, GhostNet, load_weights

# What test/models/ghostnet.test.ts compares models/ghostnet.ts with.
STATE_DICTS = json.loads((Path(__file__).parents[3] / 'test/golden/state-dicts.json').read_text())


@pytest.mark.parametrize('model', WIDTHS)
def test_tensors_are_those_of_the_compiler(model: str) -> None:
    own = {
        name: list(tensor.shape) for name, tensor in GhostNet(WIDTHS[model], 1000).state_dict().items()
        if not name.endswith('num_batches_tracked')}
    assert own == STATE_DICTS[model]['shapes']


def test_a_classifier_of_other_classes_is_left_and_anything_else_is_rejected() -> None:
    torch.manual_seed(0)
    weights = GhostNet(0.5, 7).state_dict()
    model = GhostNet(0.5, 3)
    assert load_weights(model, weights) == ['classifier.weight', 'classifier.bias']
    assert torch.equal(model.conv_stem.weight, weights['conv_stem.weight'])
    assert load_weights(GhostNet(0.5, 7), weights) == []
    with pytest.raises(ValueError, match='^Expected the weights of this network, got others: .* conv_stem.weight'):
        load_weights(GhostNet(1.0, 7), weights)
    del weights['conv_head.weight']
    with pytest.raises(ValueError, match='1 tensors differ, the first is conv_head.weight'):
        load_weights(model, weights)
