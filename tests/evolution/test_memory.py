"""What is remembered has a limit, and the first to come is the first to go."""

from collections import OrderedDict

from rayzc.evolution.memory import remember


def test_the_first_to_come_is_forgotten_first() -> None:
    known: OrderedDict[str, int] = OrderedDict()
    for answer, key in enumerate("abcd"):
        remember(known, key, answer, room=3)
    assert list(known.items()) == [("b", 1), ("c", 2), ("d", 3)]
