"""The network of lesson 1, used by the lessons on losses: small enough to train in seconds."""

from torch import Tensor, nn

from lib.models.layers import Network


class EmbeddingNet(Network):
    """Three convolutions with batch norm, ReLU and pooling, then one linear layer.

    Its embeddings have any length: a loss may use Euclidean distances or normalise them itself.
    """

    def __init__(self, embedding_size: int = 2) -> None:
        super().__init__(embedding_size, (28, 28))
        self.options = {"embedding_size": embedding_size}
        layers: list[nn.Module] = []
        for c_in, c_out in ((1, 16), (16, 32), (32, 64)):
            layers += [
                nn.Conv2d(c_in, c_out, kernel_size=3, padding=1),
                nn.BatchNorm2d(c_out),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        # (B, 1, 28, 28) -> (B, 64, 3, 3) -> (B, 576) -> (B, D)
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 3 * 3, embedding_size))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28), ink 1 on paper 0 -> (B, D)"""
        return self.features(x)
