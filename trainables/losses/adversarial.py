"""Losses of a generator and of a discriminator that tries to tell its pictures from real ones. D is σ of a logit."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

Logits = Float[Tensor, "batch 1 height width"]


def fooling_loss(made: Logits) -> Float[Tensor, ""]:
    """The generator's loss on the logits of what it made: the mean of −log D, in single precision.

    Source: goodfellow2014gan Sec. 3. Departs: wan2026sht Eq. 6 prints log(1 − D), whose slope is lost where the
    discriminator is sure; zhu2019patn (public code) trains by −log D too.
    """
    return softplus(-made.float()).mean()


def discrimination_loss(real: Logits, made: Logits) -> Float[Tensor, ""]:
    """The discriminator's loss: half the sum of the means of −log D of real and −log(1 − D) of made ones.

    Source: goodfellow2014gan Eq. 1; zhu2019patn (public code) for the half.
    """
    return (softplus(-real.float()).mean() + softplus(made.float()).mean()) / 2
