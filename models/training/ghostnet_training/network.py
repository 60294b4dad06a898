"""GhostNet, as timm builds it: its state dict has the official names, so that `ghostserve build` compiles what is trained here.

A test compares its tensors with the table of `models/ghostnet.ts`, for all three widths.
"""

from timm.models import ghostnet
from torch import nn

WIDTHS = {'ghostnet_050': 0.5, 'ghostnet_100': 1.0, 'ghostnet_130': 1.3}

# Kernel, expansion, channels, squeeze-excite ratio, stride of each bottleneck: table 1 of the paper (arXiv 1911.11907).
STAGES = [
    [[3, 16, 16, 0, 1]],
    [[3, 48, 24, 0, 2]],
    [[3, 72, 24, 0, 1]],
    [[5, 72, 40, 0.25, 2]],
    [[5, 120, 40, 0.25, 1]],
    [[3, 240, 80, 0, 2]],
    [[3, 200, 80, 0, 1], [3, 184, 80, 0, 1], [3, 184, 80, 0, 1], [3, 480, 112, 0.25, 1], [3, 672, 112, 0.25, 1]],
    [[5, 672, 160, 0.25, 2]],
    [[5, 960, 160, 0, 1], [5, 960, 160, 0.25, 1], [5, 960, 160, 0, 1], [5, 960, 160, 0.25, 1]],
]


class GhostNet(ghostnet.GhostNet):
    """Images, float `[N, 3, H, W]`, normalised -> logits, float `[N, num_classes]`."""

    def __init__(self, width: float, num_classes: int, dropout: float = 0.2) -> None:
        super().__init__(STAGES, num_classes=num_classes, width=width, drop_rate=dropout)
        for module in self.modules():
            # MindCV's: He's uniform, biases zero. Batch norm begins as the identity anyway.
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def load_weights(model: nn.Module, weights: dict) -> list[str]:
    """Starts from a state dict with the official names; a classifier of other classes is left as it is.

    Returns the names of the tensors that were not taken. Raises ValueError if anything but the classifier does not fit.
    """
    own = model.state_dict()
    left = [name for name in ('classifier.weight', 'classifier.bias') if name in weights and weights[name].shape != own[name].shape]
    fitting = {name: tensor for name, tensor in weights.items() if name not in left}
    missing = sorted(set(own) - set(fitting) - set(left))
    unknown = sorted(set(fitting) - set(own))
    misshapen = [name for name in fitting if name in own and fitting[name].shape != own[name].shape]
    wrong = [name for name in [*missing, *unknown, *misshapen] if not name.endswith('num_batches_tracked')]
    if wrong:
        raise ValueError(f'Expected the weights of this network, got others: {len(wrong)} tensors differ, the first is {wrong[0]}.')
    model.load_state_dict(fitting, strict=False)
    return left
