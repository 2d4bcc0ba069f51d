"""Pose transfer: networks that show a face in the pose of another picture of it, and what trains them.

Source: wan2026sht Sec. 3.2.
"""

from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import interpolate, l1_loss

from trainables.backbones.pose_transfer import BLOCKS, DROPOUT, WIDTH, PairDiscriminator, PoseTransferGenerator
from trainables.config import Config, config
from trainables.losses.adversarial import discrimination_loss, fooling_loss
from trainables.losses.perceptual import PerceptualFeatures, perceptual_loss
from trainables.method import Update
from trainables.recipe import NotNegative, PositiveInt
from trainables.transforms.augmentation import Share

Pictures = Float[Tensor, "batch 3 side side"]
Heatmaps = Float[Tensor, "batch landmarks height width"]


@config
class PoseTransfer(Config):
    """`width`: channels at full size. `blocks`: attention blocks, after `halvings` of the side. `dropout`: of the
    generator.

    `adversarial_weight`, `picture_weight`, `perceptual_weight`: λ1, λ2, λ3 of wan2026sht Eq. 5. A term of weight 0 is
    not computed. `weight`: what all three count beside losses of landmarks and of restored pictures.
    `vgg`: a safetensors file of VGG-19's ImageNet weights; without one its filters are random.
    """

    width: PositiveInt = WIDTH
    blocks: PositiveInt = BLOCKS
    halvings: Literal[2, 3] = 2
    dropout: Share = DROPOUT
    adversarial_weight: NotNegative = 0.05
    picture_weight: NotNegative = 0.01
    perceptual_weight: NotNegative = 0.01
    weight: NotNegative = 1.0
    vgg: str | None = field(default=None, metadata={"file": True})


class View(NamedTuple):
    """Pictures of faces in [0, 1] and the heatmaps of their landmarks, of any side."""

    pictures: Pictures
    heatmaps: Heatmaps


class PoseTransferNetworks(nn.Module):
    """The generator, the discriminators of appearance (D_A) and of shape (D_S), and the features of the perceptual
    loss. Networks see pictures in [−1, 1] and heatmaps enlarged to the pictures' side, within [0, 1].

    Source: wan2026sht Eqs. 5–8. Departs: all terms are means over elements, as in zhu2019patn (public code), where the
    equations print sums; colours are compared in [0, 1], as those of restored faces are.
    """

    def __init__(self, settings: PoseTransfer, num_landmarks: int) -> None:
        super().__init__()
        self.settings = settings
        self.generator = PoseTransferGenerator(
            num_landmarks, settings.width, settings.blocks, settings.halvings, settings.dropout
        )
        self.appearance = PairDiscriminator(3 + 3, settings.width)
        self.shape = PairDiscriminator(num_landmarks + 3, settings.width)
        self.features = PerceptualFeatures(None if settings.vgg is None else Path(settings.vgg))
        # What no update moves must not wait for a gradient: workers that share a batch would wait for ever.
        moved = {id(parameter) for update in self.updates() for parameter in update.parameters}
        for parameter in self.parameters():
            parameter.requires_grad_(id(parameter) in moved)

    def transfer(self, condition: View, heatmaps: Heatmaps) -> Pictures:
        """The faces of `condition` in the pose of `heatmaps`."""
        side = condition.pictures.shape[-1]
        poses = torch.cat([_enlarged(condition.heatmaps, side), _enlarged(heatmaps, side)], dim=1)
        made = self.generator(_centred(condition.pictures), poses)
        return (made.float() + 1) / 2

    def losses(self, condition: View, target: View, made: Pictures | None = None) -> dict[str, Tensor]:
        """Weighted terms of the faces of `condition` in the pose of `target`, whose pictures are the true ones.

        `made`: what `transfer` gave for these, where it was computed already.
        Their sum can be minimised at once: "discrimination" reaches the discriminators and nothing else, all others
        reach the generator and what `condition` and the target's heatmaps come from, but no discriminator.
        """
        weights = self._weights()
        if not weights:
            return {}
        truth = target.pictures.detach()
        if made is None:
            made = self.transfer(condition, target.heatmaps)
        terms: dict[str, Tensor] = {}
        if "adversarial" in weights:
            terms["adversarial"] = self._fooling(condition, target.heatmaps, made)
        if "transfer" in weights:
            terms["transfer"] = l1_loss(made, truth.float())
        if "perceptual" in weights:
            terms["perceptual"] = perceptual_loss(self.features, made, truth)
        terms = {name: weights[name] * term for name, term in terms.items()}
        if "adversarial" in weights:
            terms["discrimination"] = self._discrimination(condition, View(truth, target.heatmaps), made)
        return terms

    def updates(self) -> list[Update]:
        """The generator's and the discriminators', of those that the terms reach."""
        weights = self._weights()
        updates = [Update("generator", tuple(self.generator.parameters()))] if weights else []
        if "adversarial" in weights:
            discriminators = (*self.appearance.parameters(), *self.shape.parameters())
            updates.append(Update("discriminators", discriminators))
        return updates

    def recomputed(self) -> Iterable[nn.Module]:
        """See `LandmarkModel.recomputed`."""
        return self.generator.blocks

    def _weights(self) -> dict[str, float]:
        """Of the generator's terms, without those that weigh nothing."""
        settings = self.settings
        each = {
            "adversarial": settings.adversarial_weight,
            "transfer": settings.picture_weight,
            "perceptual": settings.perceptual_weight,
        }
        return {name: settings.weight * weight for name, weight in each.items() if settings.weight * weight > 0}

    def _fooling(self, condition: View, heatmaps: Heatmaps, made: Pictures) -> Tensor:
        """−log D_A − log D_S of what was made."""
        pairs = self._pairs(condition.pictures, heatmaps, made)
        return _sum(fooling_loss(_judged(discriminator, each)) for discriminator, each in pairs)

    def _discrimination(self, condition: View, target: View, made: Pictures) -> Tensor:
        """Of both discriminators, on true and on made pictures."""
        context = (condition.pictures.detach(), target.heatmaps.detach())
        real, false = self._pairs(*context, target.pictures), self._pairs(*context, made.detach())
        return _sum(
            discrimination_loss(discriminator(real_pair), discriminator(false_pair))
            for (discriminator, real_pair), (_, false_pair) in zip(real, false, strict=True)
        )

    def _pairs(self, condition: Pictures, heatmaps: Heatmaps, pictures: Pictures) -> list[tuple[nn.Module, Tensor]]:
        """What each discriminator sees of pictures: [condition, picture], [pose, picture]."""
        shown = _centred(pictures)
        appearance = torch.cat([_centred(condition), shown], dim=1)
        shape = torch.cat([_enlarged(heatmaps, pictures.shape[-1]), shown], dim=1)
        return [(self.appearance, appearance), (self.shape, shape)]


def both_ways(
    networks: PoseTransferNetworks, views: View, truth: Pictures, made: Pictures | None = None
) -> dict[str, Tensor]:
    """The sum of the terms from each face's first view to its second and back: the second views stand behind the first
    ones. `truth`: pictures of the same views as they are.

    Source: wan2026sht Eq. 9.
    """
    return {
        name: 2 * mean for name, mean in networks.losses(views, exchanged(View(truth, views.heatmaps)), made).items()
    }


def exchanged(views: View) -> View:
    """The other view of each face: the second half first."""
    return View(*(torch.cat(part.chunk(2)[::-1]) for part in views))


def _judged(discriminator: nn.Module, pairs: Tensor) -> Tensor:
    """Logits whose gradient reaches the pairs, but not the discriminator."""
    fixed = {name: parameter.detach() for name, parameter in discriminator.named_parameters()}
    return functional_call(discriminator, fixed, (pairs,))


def _enlarged(heatmaps: Heatmaps, side: int) -> Float[Tensor, "batch landmarks side side"]:
    return interpolate(heatmaps.float(), size=(side, side), mode="bilinear", align_corners=False).clamp(0, 1)


def _centred(pictures: Pictures) -> Pictures:
    """From [0, 1] to [−1, 1]."""
    return 2 * pictures.float() - 1


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()
