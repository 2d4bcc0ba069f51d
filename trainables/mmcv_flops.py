"""Floating-point operations as papers print them that counted with mmcv, so that their tables can be met."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def mmcv_flops(model: nn.Module, input_size: int) -> int:
    """Of one forward pass of one RGB image: multiply–accumulates and biases of convolutions and linear layers, two for
    each value that is normalised, one for each value of a ReLU.

    Source: mmpose2020toolbox (public code of its complexity counter); bao2023keyposs Table 6.
    """
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d | nn.Linear):
            values = output.numel() * module.weight[0].numel()
            total += values + (output.numel() if module.bias is not None else 0)
        elif isinstance(module, nn.BatchNorm2d):
            total += 2 * output.numel()
        else:
            total += output.numel()

    counted = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU)
    hooks = [part.register_forward_hook(count) for part in model.modules() if isinstance(part, counted)]
    was_training = model.training
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    try:
        model.eval()(torch.zeros(1, 3, input_size, input_size, device=device))
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return total
