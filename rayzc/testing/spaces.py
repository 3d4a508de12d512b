"""The contract of a search space."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from rayzc.spaces.encoding import Value
    from rayzc.spaces.space import SearchSpace

__all__ = ["check_space"]

_FEW_ELEMENTS = 20_000
"""A space with at most this many elements is gone through as a whole."""


def check_space(space: SearchSpace, *, width: int | None = None, depth: int = 1, seed: int = 0) -> None:
    """Checks that a search space keeps the contract of :class:`rayzc.spaces.SearchSpace`.

    Its architectures are sampled, written and read, enumerated, mutated and crossed, described and drawn; a few are
    built and run on random images on the CPU, twice from one seed. A space with at most 20,000 elements is gone through
    as a whole. Moves of a space with a constraint may lead nowhere. The global random state is left as it was.

    Args:
        space: the search space.
        width: channels of the networks that are built; by default the original's. A smaller one is faster.
        depth: repeats of their cells.
        seed: of everything that is drawn; a space passes with any seed.

    Raises:
        AssertionError: the space breaks the contract; the message says where.
    """
    import numpy as np

    drawn = _check_space_samples(space, seed)
    _check_space_elements(space, drawn)
    samples = drawn[:100]
    _check_space_encoding(space, samples)
    _check_space_neighbours(space, samples[:12])
    _check_space_variation(space, samples[:20], samples[20:40], seed)
    _check_space_words(space, samples[:5])
    _check_space_refusals(space, samples[0], np.random.default_rng(seed))
    _check_space_networks(space, samples[:5], space.width if width is None else width, depth, seed)


def _check_space_samples(space: SearchSpace, seed: int) -> list[Value]:
    import numpy as np

    from rayzc.spaces.space import SearchSpace

    members = sorted({*SearchSpace.__annotations__, *(name for name in vars(SearchSpace) if name[0] != "_")})
    missing = [member for member in members if not hasattr(space, member)]
    assert not missing, f"{type(space).__name__} lacks {', '.join(missing)}"
    own = ["sample", "neighbours", "cross_over", "enumerate", "describe", "draw"]
    own += ["recipe"] if type(space).build is SearchSpace.build else []
    missing = [name for name in own if getattr(type(space), name, None) is getattr(SearchSpace, name)]
    assert not missing, f"{type(space).__name__} does not implement {', '.join(missing)}"
    assert space.name == space.encoding.space, (
        f"{space.name}: its encoding is of the space {space.encoding.space}"
    )
    assert space.tasks, f"{space.name}: tasks is empty"
    drawn: list[list[Value]] = []
    for repeat in (seed, seed, seed + 1):
        rng = np.random.default_rng(repeat)
        drawn.append([space.sample(rng) for _ in range(2000)])
    first, again, other = drawn
    for architecture in first:
        where = f"{space.name}: sample drew {architecture!r}"
        _check_space_accepts(space, architecture, where)
    assert first == again, f"{space.name}: sample draws differently from two equal generators"
    assert first != other or space.size == 1, (
        f"{space.name}: sample draws the same from two different generators"
    )
    expected = space.size * -np.expm1(len(first) * np.log1p(-1 / space.size)) if space.size > 1 else 1
    different = len({*first})
    assert abs(different - expected) <= 6 * np.sqrt(expected), (
        f"{space.name}: sample drew {different} different elements of {space.size:,} in {len(first)} draws; "
        f"{expected:.0f} are expected if each has the same probability"
    )
    return first


def _check_space_accepts(space: SearchSpace, architecture: Value, where: str) -> None:
    from rayzc.errors import SpaceError

    assert isinstance(architecture, tuple), f"{where}, which is not a tuple"
    try:
        space.validate(architecture)
    except SpaceError as error:
        raise AssertionError(f"{where}, which validate refuses: {error}") from error


def _check_space_elements(space: SearchSpace, samples: list[Value]) -> None:
    from itertools import islice

    number = space.size if space.size <= _FEW_ELEMENTS else 1000
    elements = list(islice(space.enumerate(), number + 1))[: None if space.size <= _FEW_ELEMENTS else number]
    assert len(elements) == number, (
        f"{space.name}: enumerate yields {len(elements):,} elements, size is {space.size:,}"
    )
    assert len({*elements}) == number, f"{space.name}: enumerate yields an element twice"
    again = list(islice(space.enumerate(), number))
    assert elements == again, f"{space.name}: enumerate yields another order the second time"
    for element in elements:
        _check_space_accepts(space, element, f"{space.name}: enumerate yields {element!r}")
    if space.size > _FEW_ELEMENTS:
        return
    strangers = {*samples} - {*elements}
    assert not strangers, (
        f"{space.name}: sample draws {next(iter(strangers))!r}, which enumerate does not yield"
    )
    unseen = {*elements}
    pending = [unseen.pop()]
    while pending:
        neighbours = space.neighbours(pending.pop())
        new = unseen.intersection(neighbours)
        unseen -= new
        pending += new
    assert not unseen or _constrained(space), (
        f"{space.name}: {len(unseen):,} elements cannot be reached by way of neighbours"
    )


def _constrained(space: SearchSpace) -> bool:
    return getattr(space, "constraint", None) is not None


def _check_space_encoding(space: SearchSpace, samples: list[Value]) -> None:
    for architecture in samples:
        text = space.format(architecture)
        where = f"{space.name}: '{text}'"
        parsed = space.parse(text)
        assert parsed == architecture, f"{where} is read as {parsed!r}, but was written for {architecture!r}"
        assert hash(parsed) == hash(architecture), f"{where}: equal architectures have different hashes"
        canonical = space.canonical(architecture)
        _check_space_accepts(space, canonical, f"{where}: its canonical form is {canonical!r}")
        assert space.canonical(canonical) == canonical, (
            f"{where}: its canonical form {canonical!r} has another one"
        )
        assert space.key(architecture) == space.format(canonical), (
            f"{where}: key is not the text of its canonical form"
        )
        assert space.key(canonical) == space.key(architecture), f"{where}: its canonical form has another key"
        parts = space.parts(architecture)
        assert parts, f"{where} has no parts"
        assert space.parts(canonical) == parts, f"{where}: its canonical form has other parts"


def _check_space_neighbours(space: SearchSpace, samples: list[Value]) -> None:
    for architecture in samples:
        neighbours = space.neighbours(architecture)
        where = f"{space.name}: a neighbour of {architecture!r}"
        # A constraint may leave an element alone; a move goes to a random one then.
        assert neighbours or _constrained(space), f"{space.name}: {architecture!r} has no neighbours"
        assert neighbours == space.neighbours(architecture), f"{where} comes in another place the second time"
        assert len({*neighbours}) == len(neighbours), f"{where} comes twice"
        assert architecture not in neighbours, f"{where} is the architecture itself"
        for neighbour in neighbours:
            _check_space_accepts(space, neighbour, f"{where} is {neighbour!r}")
            mutual = architecture in space.neighbours(neighbour)
            assert mutual, f"{where}, {neighbour!r}, does not have it as a neighbour"


def _check_space_variation(space: SearchSpace, firsts: list[Value], seconds: list[Value], seed: int) -> None:
    import numpy as np

    rng, again = np.random.default_rng(seed), np.random.default_rng(seed)
    for first, second in zip(firsts, seconds, strict=True):
        mutant = space.mutate(first, rng)
        where = f"{space.name}: mutate made {mutant!r} of {first!r}"
        near = space.neighbours(first)
        assert mutant in near or not near, f"{where}, which is not one of its neighbours"
        assert mutant == space.mutate(first, again), f"{where}, and something else from an equal generator"
        child = space.cross_over(first, second, rng)
        where = f"{space.name}: cross_over made {child!r} of {first!r} and {second!r}"
        _check_space_accepts(space, child, where)
        assert child == space.cross_over(first, second, again), (
            f"{where}, and something else from an equal generator"
        )
        itself = space.cross_over(first, first, rng)
        space.cross_over(first, first, again)
        assert itself == first, f"{space.name}: cross_over of {first!r} with itself made {itself!r}"


def _check_space_words(space: SearchSpace, samples: list[Value]) -> None:
    for architecture in samples:
        where = f"{space.name}: {architecture!r}"
        words = space.describe(architecture)
        assert words, f"{where}: describe returned nothing"
        assert "\n" not in words, f"{where}: describe returned more than one line"
        drawings = space.draw(architecture)
        assert drawings, f"{where}: draw returned nothing"
        for drawing in drawings:
            for edge in drawing.edges:
                inside = 0 <= edge.start < edge.end < len(drawing.nodes)
                assert inside, (
                    f"{where}: {edge} leads nowhere or backwards in a drawing of {len(drawing.nodes)} nodes"
                )
            arrows = drawing.text().count("◀──"), drawing.dot().count(" -> ")
            assert arrows == (len(drawing.edges),) * 2, f"{where}: a drawing loses edges as text"


def _check_space_refusals(space: SearchSpace, architecture: Value, rng: np.random.Generator) -> None:
    from collections.abc import Callable

    from rayzc.errors import SpaceError

    refused: dict[str, Callable[[], object]] = {
        "parse('')": lambda: space.parse(""),
        "parse('nothing')": lambda: space.parse("nothing"),
        "validate(())": lambda: space.validate(()),
        "canonical(())": lambda: space.canonical(()),
        "neighbours(())": lambda: space.neighbours(()),
        "mutate(())": lambda: space.mutate((), rng),
        "cross_over with ()": lambda: space.cross_over((), architecture, rng),
        "cross_over of ()": lambda: space.cross_over(architecture, (), rng),
        "describe(())": lambda: space.describe(()),
        "draw(())": lambda: space.draw(()),
        "build(())": lambda: space.build(()),
        "build with no classes": lambda: space.build(architecture, classes=0),
        "build with a depth of 0": lambda: space.build(architecture, depth=0),
        "build with a width of 0": lambda: space.build(architecture, width=0),
        "build for an unknown task": lambda: space.build_for(architecture, "no such task"),
    }
    for what, call in refused.items():
        try:
            call()
        except SpaceError as error:
            said = str(error)
        except Exception as error:
            raise AssertionError(f"{space.name}: {what} raised {error!r}, not a SpaceError") from error
        else:
            raise AssertionError(f"{space.name}: {what} was not refused with a SpaceError")
        assert space.name in said, f"{space.name}: the error of {what} does not name the space: {said}"


def _check_space_networks(
    space: SearchSpace, samples: list[Value], width: int, depth: int, seed: int
) -> None:
    import torch
    from torch import nn

    from rayzc.errors import SpaceError
    from rayzc.spaces.blocks import Network

    side = -(-32 // space.side_unit) * space.side_unit
    calls: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        for architecture in samples:
            where = f"{space.name}: the network of {architecture!r}"
            network = space.build(architecture, classes=7, input_size=side, width=width, depth=depth)
            assert network.training, f"{where} is not in train mode"
            torch.default_generator.manual_seed(seed)
            first, second = (
                [parameter.detach().clone() for parameter in made.parameters()]
                for made in (network, space.build(architecture, 7, side, width=width, depth=depth))
            )
            assert [p.shape for p in first] == [p.shape for p in second], (
                f"{where} is another one the second time"
            )
            ours = isinstance(network, Network)
            if ours:
                assert network.input_shape == (3, side, side), (
                    f"{where} has the input shape {network.input_shape}"
                )
            relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
            if ours:
                assert not any(relu.inplace for relu in relus), f"{where} has a ReLU that works in place"
            calls.clear()
            for relu in relus:
                relu.register_forward_hook(lambda module, *_: calls.append(module))
            images = torch.randn(2, 3, side, side, requires_grad=True)
            logits = network(images)
            assert logits.shape == (2, 7), (
                f"{where} maps 2 images to {tuple(logits.shape)}, not to 7 logits each"
            )
            once = len(calls) == len({*calls}) and {*calls} == {*relus}
            assert once or not ours, f"{where} does not call each of its ReLUs once in a forward pass"
            logits.sum().backward()
            reached = {"the images": images, **dict(network.named_parameters())}
            for name, tensor in reached.items():
                assert tensor.grad is not None, f"{where}: no gradient reaches {name}"
            network.eval()
            if not ours:
                continue
            features = network.forward_features(images)
            assert features.ndim == 4, f"{where}: forward_features returns {features.ndim} dimensions, not 4"
            same = torch.allclose(network.forward_head(features), network(images), equal_nan=True)
            assert same, f"{where}: forward_head of forward_features is not forward"
            try:
                siamese = space.build(architecture, 5, side, width=width, depth=depth, patches=4).eval()
            except SpaceError:
                continue  # its networks take single images
            shape = tuple(siamese.input_shape)
            assert shape == (4, 3, side, side), f"{where} of 4 patches has the input shape {shape}"
            shape = tuple(siamese(torch.randn(2, 4, 3, side, side)).shape)
            assert shape == (2, 5), f"{where} of 4 patches returns logits of the shape {shape}, not (2, 5)"
