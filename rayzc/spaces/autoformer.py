"""The tiny space of AutoFormer: small vision Transformers (Chen et al. 2021, https://arxiv.org/abs/2107.00651).

Depth and embedding are those of the whole network; heads, of 64 dimensions each, and the ratio of the MLP are chosen
for every layer that there is. Queries and values know relative positions by trained tables, up to 14 patches apart.
Without them, its smallest depth and embedding with three heads and a ratio of four is DeiT-tiny.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from rayzc.spaces.choice_tree import Repeat
from rayzc.spaces.choices import Choices
from rayzc.spaces.space import Task

__all__ = ["AUTOFORMER_TINY", "VisionTransformer"]

PATCH = 16
HEAD = 64
REACH = 14
"""Patches further apart than this have the same relative position."""

Layer = Mapping[str, Any]


class Positions(nn.Module):
    """Trained vectors for the relative positions of tokens: a table for rows, a table for columns."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.empty(2 * REACH + 2, HEAD))
        self.columns = nn.Parameter(torch.empty(2 * REACH + 2, HEAD))
        for table in (self.rows, self.columns):
            nn.init.trunc_normal_(table, std=0.02)

    def forward(self, side: int) -> Tensor:
        """The vectors of all pairs of tokens, ``(tokens, tokens, HEAD)``; the class token has a place of its own."""
        place = torch.arange(side, device=self.rows.device)
        apart = (place[None, :] - place[:, None]).clamp(-REACH, REACH) + REACH + 1
        rows = apart.repeat_interleave(side, 0).repeat_interleave(side, 1)
        columns = apart.repeat(side, side)
        rows, columns = (nn.functional.pad(each, (1, 0, 1, 0)) for each in (rows, columns))
        return self.rows[rows] + self.columns[columns]


class Attention(nn.Module):
    """Self-attention of heads of 64 dimensions, whatever the embedding."""

    def __init__(self, embedding: int, heads: int, relative: bool) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(embedding, 3 * heads * HEAD)
        self.outward = nn.Linear(heads * HEAD, embedding)
        self.keys = Positions() if relative else None
        self.values = Positions() if relative else None

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps ``(batch, tokens, embedding)`` to the same shape."""
        batch, number, _ = tokens.shape
        side = round((number - 1) ** 0.5)
        parts = self.inward(tokens).reshape(batch, number, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.unbind(0)
        weights = queries @ keys.transpose(-2, -1)
        if self.keys is not None:
            weights = weights + torch.einsum("bhnd,nmd->bhnm", queries, self.keys(side))
        weights = (weights * HEAD**-0.5).softmax(-1)
        found = weights @ values
        if self.values is not None:
            found = found + torch.einsum("bhnm,nmd->bhnd", weights, self.values(side))
        return cast(Tensor, self.outward(found.transpose(1, 2).flatten(2)))


class Encoder(nn.Module):
    """A layer: attention and an MLP, each after layer normalisation and around it a shortcut."""

    def __init__(self, embedding: int, layer: Layer, relative: bool) -> None:
        super().__init__()
        inner = int(embedding * layer["ratio"])
        self.first, self.second = nn.LayerNorm(embedding), nn.LayerNorm(embedding)
        self.attention = Attention(embedding, layer["heads"], relative)
        self.mlp = nn.Sequential(nn.Linear(embedding, inner), nn.GELU(), nn.Linear(inner, embedding))

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps ``(batch, tokens, embedding)`` to the same shape."""
        tokens = tokens + self.attention(self.first(tokens))
        return cast(Tensor, tokens + self.mlp(self.second(tokens)))


class VisionTransformer(nn.Module):
    """Patches, a class token, layers, and a linear classifier of the class token.

    Args:
        embedding: dimensions of a token.
        layers: heads and ratio of each layer.
        classes: number of classes.
        input_size: height and width of an image, a multiple of 16.
        relative: whether attention has relative positions.
    """

    def __init__(
        self,
        embedding: int,
        layers: Sequence[Layer],
        classes: int = 1000,
        input_size: int = 224,
        relative: bool = True,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, embedding, PATCH, PATCH)
        self.token = nn.Parameter(torch.zeros(1, 1, embedding))
        self.places = nn.Parameter(torch.zeros(1, (input_size // PATCH) ** 2 + 1, embedding))
        for each in (self.token, self.places):
            nn.init.trunc_normal_(each, std=0.02)
        self.layers = nn.Sequential(*(Encoder(embedding, layer, relative) for layer in layers))
        self.norm = nn.LayerNorm(embedding)
        self.classifier = nn.Linear(embedding, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, input_size, input_size)`` to logits ``(batch, classes)``."""
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), patches], 1) + self.places
        return cast(Tensor, self.classifier(self.norm(self.layers(tokens))[:, 0]))


def _network(
    depth: int, embedding: int, layers: Sequence[Layer], classes: int, input_size: int
) -> VisionTransformer:
    return VisionTransformer(embedding, layers[:depth], classes, input_size)


AUTOFORMER_TINY = Choices(
    {
        "depth": [12, 13, 14],
        "embedding": [192, 216, 240],
        "layers": Repeat("depth", {"heads": [3, 4], "ratio": [3.5, 4.0]}),
    },
    _network,
    name="autoformer_tiny",
    tasks={"imagenet": Task(1000, 224), "cifar10": Task(10, 32)},
    side_unit=PATCH,
)
"""The space."""
