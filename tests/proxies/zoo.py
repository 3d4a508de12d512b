"""Small networks of all the kinds that users bring, for images ``(images, 3, 16, 16)`` and ten classes.

What enters an activation is handed to :func:`tap`, so that a test can write down activation codes without rayzc.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

TAPPED: list[Tensor] | None = None


def tap(entering: Tensor) -> Tensor:
    """Hands on what enters an activation, and notes it while :func:`tapped`."""
    if TAPPED is not None:
        TAPPED.append(entering.detach().clone())
    return entering


@contextmanager
def tapped() -> Iterator[list[Tensor]]:
    """Notes what enters activations."""
    global TAPPED
    TAPPED = []
    try:
        yield TAPPED
    finally:
        TAPPED = None


class Tap(nn.Module):
    """Notes what goes on to the next module."""

    def forward(self, entering: Tensor) -> Tensor:
        return tap(entering)


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def convolutional(act: Callable[[], nn.Module] | None = nn.ReLU, *, norm: bool = True) -> nn.Sequential:
    """Two convolutions with activations that are modules."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 8), (8, 12)):
        layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
        layers += [nn.BatchNorm2d(outputs)] if norm else []
        layers += [Tap(), act()] if act else []
    return nn.Sequential(*layers, *head(12))


class Functional(nn.Module):
    """The same, with a function for its activation."""

    def __init__(self, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(8), nn.BatchNorm2d(12)])
        self.head = nn.Linear(12, 10)
        self.act = act

    def forward(self, images: Tensor) -> Tensor:
        images = self.act(tap(self.norms[0](self.first(images))))
        images = self.act(tap(self.norms[1](self.second(images))))
        return self.head(images.mean((2, 3)))


class OwnAct(nn.Module):
    """A swish written by hand, in a module that is called like one."""

    def forward(self, entering: Tensor) -> Tensor:
        return entering * torch.sigmoid(entering)


class MySwish(OwnAct):
    pass


class Attention(nn.Module):
    """Attention by linear layers and one function, with the weights of ``nn.MultiheadAttention``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        images, count, width = tokens.shape
        qkv = self.qkv(tokens).reshape(images, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv.unbind(0))
        return self.proj(mixed.transpose(1, 2).reshape(images, count, width))


class TorchAttention(nn.Module):
    """The same by torch's module."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.inner = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.inner(tokens, tokens, tokens, need_weights=False)[0]


class Encoder(nn.Module):
    def __init__(self, width: int, attention: nn.Module) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), attention
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), Tap(), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class ViT(nn.Module):
    """A vision Transformer with a class token."""

    def __init__(self, attention: Callable[[int, int], nn.Module] = Attention, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.places = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        self.blocks = nn.Sequential(Encoder(width, attention(width, 2)), Encoder(width, attention(width, 2)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), tokens], 1) + self.places
        return self.head(self.norm(self.blocks(tokens))[:, 0])


def same_weights(model: nn.Module, source: nn.Module) -> nn.Module:
    """Gives a ViT by torch's attention the weights of one by linear layers."""
    values = {
        name.replace("qkv.weight", "inner.in_proj_weight")
        .replace("qkv.bias", "inner.in_proj_bias")
        .replace("attention.proj", "attention.inner.out_proj"): value
        for name, value in source.state_dict().items()
    }
    model.load_state_dict(values)
    return model


class SequenceFirst(nn.Module):
    """Torch's own encoder layers, whose tokens come before the images."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(48, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 24, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = F.unfold(images, 4, stride=4).permute(2, 0, 1)
        return self.head(self.encoder(self.embed(tokens)).mean(0))


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 12, 4, 4)
        self.tokens = nn.Sequential(nn.Linear(16, 20), nn.GELU(), nn.Linear(20, 16))
        self.channels = nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 12))
        self.norm, self.head = nn.LayerNorm(12), nn.Linear(12, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        tokens = tokens + self.tokens(self.norm(tokens).transpose(1, 2)).transpose(1, 2)
        return self.head((tokens + self.channels(tokens)).mean(1))


class ConvNeXt(nn.Module):
    """A depthwise convolution, a layer norm over channels, linear layers, and a learned scale."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 12, 2, 2), nn.Conv2d(12, 12, 7, padding=3, groups=12)
        self.norm, self.up, self.down = nn.LayerNorm(12), nn.Linear(12, 24), nn.Linear(24, 12)
        self.scale, self.head = nn.Parameter(torch.full((12, 1, 1), 0.5)), nn.Linear(12, 10)

    def forward(self, images: Tensor) -> Tensor:
        images = self.stem(images)
        mixed = self.norm(self.depthwise(images).permute(0, 2, 3, 1))
        mixed = self.down(F.gelu(tap(self.up(mixed)))).permute(0, 3, 1, 2)
        return self.head((images + self.scale * mixed).mean((2, 3)))


class Mobile(nn.Module):
    """An inverted residual with squeeze and excitation: hard swishes, and a ReLU and a gate beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), Tap(), nn.Hardswish(inplace=True)
        )
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(16, 4, 1),
            Tap(),
            nn.ReLU(),
            nn.Conv2d(4, 16, 1),
            nn.Hardsigmoid(),
        )
        self.head = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        images = self.body(images)
        return self.head((images * self.squeeze(images)).mean((2, 3)))


class Recurrent(nn.Module):
    """Reads an image row by row."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.rows = kind(48, 12, batch_first=True)
        self.head = nn.Linear(12, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.rows(images.permute(0, 2, 1, 3).flatten(2))[0][:, -1])


class OwnKernel(nn.Module):
    """A convolution and a matrix product with parameters of the network's own."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(8, 3, 3, 3) * 0.2)
        self.matrix = nn.Parameter(torch.randn(8, 10) * 0.3)

    def forward(self, images: Tensor) -> Tensor:
        return F.relu(tap(F.conv2d(images, self.kernel, padding=1))).mean((2, 3)) @ self.matrix


class Volumes(nn.Module):
    """A convolution in three dimensions, one in one dimension, and a transposed one."""

    def __init__(self) -> None:
        super().__init__()
        self.volume, self.line = nn.Conv3d(1, 4, 3, padding=1), nn.Conv1d(12, 6, 3, padding=1)
        self.up, self.head = nn.ConvTranspose2d(6, 5, 2, 2), nn.Linear(5, 10)

    def forward(self, images: Tensor) -> Tensor:
        lines = F.relu(tap(self.volume(images[:, None]))).flatten(1, 2).flatten(2)
        maps = F.relu(tap(self.line(lines))).unflatten(2, (16, 16))
        return self.head(F.relu(tap(self.up(maps))).mean((2, 3)))


@dataclass
class Answer:
    """What models of other libraries return."""

    logits: Tensor
    hidden_states: tuple[Tensor, ...] = ()


class Returning(nn.Module):
    """A convolutional network that returns its logits in something."""

    def __init__(self, form: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.body, self.form = convolutional(), form

    def forward(self, images: Tensor) -> Any:
        features = self.body[:-1](images)
        return self.form(features, self.body[-1](features))


class Shared(nn.Module):
    """Calls one convolution and one activation twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.act, self.head = nn.ReLU(), nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        images = self.stem(images)
        for _ in range(2):
            images = self.conv(self.act(tap(images)))
        return self.head(images.mean((2, 3)))


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant: bool = False) -> None:
        super().__init__()
        self.body, self.reentrant = convolutional(), reentrant

    def forward(self, images: Tensor) -> Tensor:
        return checkpoint(self.body, images, use_reentrant=self.reentrant)


class Mixed(nn.Module):
    """Casts in its forward."""

    def __init__(self) -> None:
        super().__init__()
        self.body = convolutional()

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.body(images)


class Halved(Mixed):
    def forward(self, images: Tensor) -> Tensor:
        return self.body(images.half()).float()


class Unwrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = convolutional()

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


class InPlace(nn.Module):
    """Overwrites what layers put out, by functions, or does not."""

    def __init__(self, *, inplace: bool = True) -> None:
        super().__init__()
        self.body, self.inplace = convolutional(), inplace

    def forward(self, images: Tensor) -> Tensor:
        body = self.body
        images = F.relu(body[2](body[1](body[0](images))), inplace=self.inplace)
        images = body[6](body[5](body[4](images)))
        return body[8:](F.relu_(images) if self.inplace else F.relu(images))


def perceptron(act: Callable[[], nn.Module]) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(768, 24), Tap(), act(), nn.Linear(24, 10))


def clamped(entering: Tensor) -> Tensor:
    return entering.clamp(min=0)


ZOO: dict[str, Callable[[], nn.Module]] = {
    "relu": convolutional,
    "relu, a function": lambda: Functional(F.relu),
    "relu, a method": lambda: Functional(torch.Tensor.relu),
    "relu, a clamp": lambda: Functional(clamped),
    "gelu": lambda: convolutional(nn.GELU),
    "silu, a function": lambda: Functional(F.silu),
    "hardswish": lambda: convolutional(nn.Hardswish),
    "leaky relu": lambda: convolutional(nn.LeakyReLU),
    "elu, no norm": lambda: convolutional(nn.ELU, norm=False),
    "tanh": lambda: convolutional(nn.Tanh),
    "own swish": lambda: convolutional(MySwish),
    "own act": lambda: convolutional(OwnAct),
    "perceptron": lambda: perceptron(nn.ReLU),
    "sigmoid perceptron": lambda: perceptron(nn.Sigmoid),
    "no activation": lambda: convolutional(None),
    "vit": ViT,
    "vit of torch": lambda: ViT(TorchAttention),
    "sequence first": SequenceFirst,
    "mixer": Mixer,
    "convnext": ConvNeXt,
    "mobile": Mobile,
    "lstm": lambda: Recurrent(nn.LSTM),
    "gru": lambda: Recurrent(nn.GRU),
    "own kernel": OwnKernel,
    "volumes": Volumes,
    "shared": Shared,
}
"""Networks of all kinds."""


class Dropping(nn.Module):
    """Draws random numbers: halves of a batch would draw others."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(48, 16), nn.Linear(16, 10)
        layer = nn.TransformerEncoderLayer(16, 2, 24, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, images: Tensor) -> Tensor:
        tokens = F.unfold(images, 4, stride=4).transpose(1, 2)
        return self.head(self.encoder(self.embed(tokens)).mean(1))


class Windows(nn.Module):
    """Attends within four windows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Conv2d(3, 16, 2, 2), nn.Linear(16, 10)
        self.attention = TorchAttention(16, 2)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, images: Tensor) -> Tensor:
        maps = self.embed(images).unflatten(2, (2, 4)).unflatten(4, (2, 4))
        tokens = maps.permute(0, 2, 4, 3, 5, 1).reshape(len(images) * 4, 16, 16)
        tokens = tokens + self.attention(tokens)
        return self.head((tokens + self.mlp(tokens)).reshape(len(images), 64, 16).mean(1))


class Stepping(nn.Module):
    """Makes a state of its own, in torch's default precision."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(48, 6), nn.Linear(6, 10)

    def forward(self, images: Tensor) -> Tensor:
        state = torch.zeros(len(images), 6)
        for row in range(4):
            state = self.cell(images[:, :, row].flatten(1), state)
        return self.head(state)


class FunctionalNorm(nn.Module):
    """Couples the images of a batch by a function, which no module shows."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        normed = F.batch_norm(self.conv(images), None, None, training=True)
        return self.head(F.relu(normed).mean((2, 3)))


class NormedInPlace(Unwrapped):
    """Normalises its images in place."""

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images.sub_(0.5).div_(2.0))


AWKWARD: dict[str, Callable[[], nn.Module]] = {
    "dropping": Dropping,
    "windows": Windows,
    "stepping": Stepping,
    "functional norm": FunctionalNorm,
    "normed in place": NormedInPlace,
    "casts to half": Halved,
    "in place by functions": InPlace,
    "checkpointed": Checkpointed,
}
"""Networks whose code makes it hard to measure a proxy beside others as it is measured alone."""


def parametrized(kind: Callable[[nn.Module], nn.Module]) -> nn.Module:
    network = convolutional()
    for place in (0, 4, 10):
        network[place] = kind(network[place])
    return network


SAME: dict[str, Callable[[], nn.Module]] = {
    "weight norm": lambda: parametrized(nn.utils.parametrizations.weight_norm),
    "weight norm by a hook": lambda: parametrized(nn.utils.weight_norm),
    "in place": lambda: convolutional(lambda: nn.ReLU(inplace=True)),
    "in place by functions": InPlace,
    "checkpointed": Checkpointed,
    "checkpointed, reentrant": lambda: Checkpointed(reentrant=True),
    "data parallel": lambda: nn.DataParallel(convolutional()),
    "wrapped": Unwrapped,
    "autocast": Mixed,
    "casts to half": Halved,
    "dictionary": lambda: Returning(lambda features, logits: {"features": features, "logits": logits}),
    "tuple": lambda: Returning(lambda features, logits: (features, logits)),
    "dataclass": lambda: Returning(lambda features, logits: Answer(logits, (features,))),
}
"""Networks that compute what ``ZOO["relu"]`` computes, from the same random draws."""


def made(make: Callable[[], nn.Module]) -> nn.Module:
    """A network whose weights come from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return make()


def batch(images: int = 8) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(0)
    return torch.randn(images, 3, 16, 16, generator=draws), torch.arange(images) % 10
