"""Formulas in words: what a proxy measures, and what a part of a formula computes."""

from rayzc.formula import Tokens, fold

__all__ = ["PROXIES", "in_words", "measured_by"]

PROXIES = {
    "conv1x1_share": "share of 1x1 convolutions among its operations",
    "conv3x3_share": "share of 3x3 convolutions among its operations",
    "epe_nas": "how differently the network responds to images of different classes",
    "expressivity": "how richly the activations of its layers vary",
    "fisher": "how strongly its activations would change the loss, squared",
    "flops": "operations per image, in millions",
    "grad_norm": "the size of the gradients of the loss",
    "grasp": "how removing a weight would change the flow of gradients",
    "jacov": "how independently it responds to different images",
    "l2_norm": "the size of its weights",
    "layers": "number of convolutions and linear layers",
    "log_paths": "the logarithm of the number of ways from image to logits",
    "longest_path": "number of layers on the longest way from image to logits",
    "macs": "multiply-adds per image, in millions",
    "mean_path": "mean number of layers on the ways from image to logits",
    "mean_resolution": "mean side of its feature maps, in pixels",
    "mean_width": "mean number of channels of its layers",
    "meco": "how little its feature maps repeat each other",
    "near": "how many independent directions its activations have",
    "nwot": "how well its ReLUs tell images apart",
    "params": "number of parameters, in millions",
    "plain": "weights times their gradients, with their signs",
    "pooling_share": "share of poolings among its operations",
    "progressivity": "how much each block adds to what the blocks before it express",
    "reached_layers": "number of layers on a way from image to logits",
    "shortest_path": "number of layers on the shortest way from image to logits",
    "skip_share": "share of skip connections among its operations",
    "snip": "weights times their gradients, without their signs",
    "swap": "number of distinct patterns of its ReLUs over a batch",
    "synflow": "how much can flow along all paths of weights",
    "synflow_bn": "how much can flow along all paths of weights, with batch norm in its place",
    "trainability": "how well gradients pass backward through its blocks",
    "vkdnw": "how evenly a change of its weights would change what it predicts",
    "zen": "how expressive it is under small changes of its input",
    "zico": "how large and how steady its gradients are from batch to batch",
}
"""What a proxy measures, in a few words; a user's own proxies have none."""

_UNARY = {
    "log": "the logarithm of {}",
    "sqrt": "the square root of {}",
    "square": "the square of {}",
    "abs": "the absolute value of {}",
    "neg": "minus {}",
    "inv": "one over {}",
    "tanh": "the hyperbolic tangent of {}, which levels off at −1 and 1",
    "exp": "e to the power of {}",
}
_BINARY = {
    "+": "{} plus {}",
    "-": "{} minus {}",
    "*": "{} times {}",
    "/": "{} divided by {}",
    "min": "the smaller of {} and {}",
    "max": "the larger of {} and {}",
}


def in_words(tokens: Tokens) -> str:
    """What an expression computes, read aloud; operands that are themselves of two parts are in parentheses."""

    def node(name: str, *operands: tuple[str, bool]) -> tuple[str, bool]:
        inner = [f"({text})" if compound else text for text, compound in operands]
        if len(inner) == 1:
            return _UNARY.get(name, f"{name} of {{}}").format(*inner), name == "tanh"
        return _BINARY.get(name, f"{name} of {{}} and {{}}").format(*inner), True

    def leaf(token: str | float) -> tuple[str, bool]:
        return (token if isinstance(token, str) else f"{token:.4g}".replace("-", "−")), False

    return fold(tokens, leaf, node)[0]


def measured_by(proxy: str) -> str:
    """What a proxy measures; what is known of one that is not rayzc's is its name."""
    return PROXIES.get(proxy, "a proxy of the suite's own")
