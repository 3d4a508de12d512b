"""Reading a network: its weighted layers, ReLUs, batch norms and blocks."""

from dataclasses import dataclass

from torch import Tensor, nn

__all__ = [
    "Layer",
    "blocks",
    "class_count",
    "couples_images",
    "has_loose_weights",
    "has_wide_convolutions",
    "images_first",
    "is_sequence_first",
    "layers",
    "leaves",
    "likely_classes",
    "relus",
]

VECTOR = 8
"""Float32 numbers in a vector register of AVX2."""


WEIGHTED = (nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear, nn.RNNBase, nn.RNNCellBase)
"""Modules whose weights enter convolutions or matrix products, whatever their own code does."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A weight that enters convolutions or matrix products: of a Conv2d or Linear layer, mostly.

    Attributes:
        module: the layer that has it, or whose own function uses it.
        weight: the name of the weight among the network's parameters; tied layers have the same.
    """

    module: nn.Module
    weight: str


def layers(model: nn.Module, used: frozenset[str] = frozenset()) -> tuple[Layer, ...]:
    """The layers whose weights the proxies look at, in the order of ``model.modules()``.

    Args:
        model: the network.
        used: the names of further parameters that enter convolutions or matrix products, as in attention.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: list[Layer] = []
    for module in model.modules():
        for own, parameter in module._parameters.items():
            if parameter is None:
                continue
            name = names[id(parameter)]
            weighted = own.startswith("weight") and isinstance(module, WEIGHTED) and parameter.dim() > 1
            # A parameter that two modules share is a layer of the first only, unless it is the weight of both.
            if weighted or (name in used and name not in {layer.weight for layer in found}):
                found.append(Layer(module, name))
    return tuple(found)


def has_loose_weights(model: nn.Module) -> bool:
    """Whether a matrix or a larger parameter is not the weight of a layer, so that only a run shows how it is used."""
    return any(
        parameter.dim() > 1 and not (isinstance(module, WEIGHTED) and own.startswith("weight"))
        for module in model.modules()
        for own, parameter in module.named_parameters(recurse=False)
        if not isinstance(module, (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm))
    )


def leaves(model: nn.Module) -> tuple[nn.Module, ...]:
    """The modules that hold no others."""
    return tuple(module for module in model.modules() if next(module.children(), None) is None)


def relus(model: nn.Module) -> tuple[nn.Module, ...]:
    """The ReLUs and their variants, recognised by the name of their class, as in the suite."""
    return tuple(module for module in leaves(model) if "ReLU" in type(module).__name__)


def couples_images(model: nn.Module) -> bool:
    """Whether an image's output depends on the rest of its batch, as it does with batch norm in train mode."""
    return any(
        isinstance(module, nn.modules.batchnorm._BatchNorm) or "BatchNorm" in type(module).__name__
        for module in model.modules()
    )


def has_wide_convolutions(model: nn.Module) -> bool:
    """Whether channels-last tensors are safe and worth it on a CPU: every convolution has a vector's worth of channels.

    With 2 to 7 input channels, oneDNN (torch 2.13, AVX2) writes beyond the gradient of a strided 1x1 convolution in
    channels-last, and corrupts the heap. With so few channels the layout is slower, too: of NAS-Bench-201, 13 proxies
    take 1.0 to 1.5 times as long in channels-first with 8 channels or more, and 0.7 to 0.9 times as long with 2 or 4.
    A convolution that reads the images has few channels and is safe if it looks at more than one pixel.

    A 4-d weight outside of a Conv2d may enter any convolution, so it counts as narrow.
    """
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    known = {id(parameter) for module in convolutions for parameter in module.parameters(recurse=False)}
    others = (parameter for parameter in model.parameters() if id(parameter) not in known)
    return all(map(_is_wide, convolutions)) and not any(parameter.dim() == 4 for parameter in others)


def _is_wide(convolution: nn.Conv2d) -> bool:
    reads_images = convolution.in_channels <= 4 and min(map(int, convolution.kernel_size)) > 1
    return (reads_images or convolution.in_channels >= VECTOR) and convolution.out_channels >= VECTOR


def blocks(model: nn.Module) -> tuple[nn.Module, ...]:
    """The primary blocks of a network: stem, cells, residual blocks.

    Containers (the network itself, Sequential, ModuleList, ModuleDict) are opened as long as they hold modules
    made of modules; what is then found is a block unless it is a single layer other than a convolution, or a
    Sequential without a convolution (a final norm and ReLU). Where this gives fewer than two blocks, the
    single block is opened too, and in the end the convolutions are the blocks.
    """
    found = _open(model)
    while len(found) == 1 and next(found[0].children(), None) is not None:
        found = _open(found[0])
    if len(found) < 2:
        found = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    return tuple(dict.fromkeys(found))


def _open(model: nn.Module) -> list[nn.Module]:
    found: list[nn.Module] = []
    for child in model.children():
        parts = list(child.children())
        if not parts:
            found += [child] if isinstance(child, nn.Conv2d) else []
        elif isinstance(child, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
            if any(next(part.children(), None) is not None for part in parts):
                found += _open(child)
            elif any(isinstance(part, nn.Conv2d) for part in parts):
                found.append(child)
        else:
            found.append(child)
    return found


def class_count(model: nn.Module, labels: Tensor | None) -> int | None:
    """The number of classes: the outputs of the last Linear layer, or else as many as the labels need."""
    heads = [module.out_features for module in model.modules() if isinstance(module, nn.Linear)]
    if heads:
        return heads[-1]
    if labels is not None and labels.numel() and not labels.is_floating_point():
        return int(labels.max()) + 1
    return None


def likely_classes(model: nn.Module) -> tuple[int, ...]:
    """The numbers of outputs of the Linear layers, each once, that of the last layer first."""
    heads = [module.out_features for module in model.modules() if isinstance(module, nn.Linear)]
    return tuple(dict.fromkeys(reversed(heads)))


def images_first(tensor: Tensor, images: int, *, sequence_first: bool = False) -> Tensor | None:
    """A tensor with the images in its first dimension; None if it is not one of images.

    Args:
        tensor: what a layer took or gave.
        images: the number of images, which may be in the first dimension together with the windows of each.
        sequence_first: whether the network has layers in which tokens come before the images.
    """
    second = tensor.dim() > 2 and tensor.shape[1] == images != tensor.shape[0]
    if second and (sequence_first or tensor.shape[0] % images):
        return tensor.transpose(0, 1)
    return tensor if tensor.dim() and tensor.shape[0] % images == 0 else None


def is_sequence_first(model: nn.Module) -> bool:
    """Whether the network has layers in which tokens come before the images, torch's default for attention."""
    kinds = (nn.MultiheadAttention, nn.RNNBase)
    return any(isinstance(module, kinds) and not module.batch_first for module in model.modules())
