"""What networks with one heatmap for each landmark share: target, loss, and decoding by any decoder."""

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.losses.heatmaps import weighted_huber, weighted_mse
from trainables.method import Batch, LandmarkModel

Heatmaps = Float[Tensor, "batch landmarks height width"]
LossName = Literal["mse", "huber"]
LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"mse": weighted_mse, "huber": weighted_huber}


class HeatmapModel(LandmarkModel):
    """RGB images [B, 3, S, S] → heatmaps [B, K, S/stride, S/stride] of `network`.

    A landmark at x in the crop is at x/stride in its heatmap, pixel centres at whole numbers in both.
    """

    def __init__(self, network: nn.Module, encoder: Gaussian, decoder: Decoder, stride: int, loss: LossName) -> None:
        super().__init__()
        self.network = network
        self.encoder, self.decoder, self.stride, self.loss = encoder, decoder, stride, loss

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def losses(self, output: Heatmaps, batch: Batch) -> dict[str, Tensor]:
        """The distance of the maps from those of the truth, a landmark weighing what the batch says, outside 0."""
        height, width = output.shape[2:]
        truth, inside = self.encoder.encode(batch.landmarks / self.stride, batch.present, height, width)
        return {self.loss: LOSSES[self.loss](output, truth, inside * batch.weight)}

    def decode(self, output: Heatmaps) -> Float[Tensor, "batch landmarks 2"]:
        return self.decode_with(self.decoder, output)[0]

    def decode_with(
        self, decoder: Decoder, heatmaps: Heatmaps
    ) -> tuple[Float[Tensor, "batch landmarks 2"], Float[Tensor, "batch landmarks"]]:
        """Landmarks in px of the crop, and confidences in [0, 1], by any decoder."""
        points, confidence = decoder.decode(heatmaps)
        return points * self.stride, confidence
