"""A classifier of its own on the features of a trunk that stays as it is."""

import torch
from torch import nn


def fit_linear_head(features: torch.Tensor, targets: torch.Tensor, classes: int, weight_decay: float) -> nn.Linear:
    """
    Multinomial logistic regression by L-BFGS, from zero. `features` are float `[N, F]`, `targets` int64 `[N]`; the loss is the mean
    cross entropy and `weight_decay` / 2 of the weights' squares.
    """
    head = nn.Linear(features.shape[1], classes, device=features.device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=100, tolerance_change=1e-6, line_search_fn='strong_wolfe')

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(head(features), targets) + weight_decay / 2 * head.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return head.requires_grad_(False)
