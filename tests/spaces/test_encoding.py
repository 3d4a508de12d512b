"""What every encoding keeps to: the tests run over the registry."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rayzc.errors import SpaceError
from rayzc.spaces import SPACES
from tests.spaces.strategies import VALUES

relaxed = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)


@pytest.mark.parametrize("space", sorted(SPACES))
@relaxed
@given(data=st.data())
def test_text_round_trip(space: str, data: st.DataObject) -> None:
    encoding = SPACES[space].encoding
    value = data.draw(VALUES[space])
    assert encoding.parse(encoding.format(value)) == value
    assert hash(encoding.parse(encoding.format(value))) == hash(value)


@pytest.mark.parametrize("space", sorted(SPACES))
@relaxed
@given(data=st.data())
def test_canonical_is_a_network_and_a_fixed_point(space: str, data: st.DataObject) -> None:
    encoding = SPACES[space].encoding
    canonical = encoding.canonical(data.draw(VALUES[space]))
    encoding.check(canonical)
    assert encoding.canonical(canonical) == canonical
    assert encoding.key(encoding.format(canonical)) == encoding.format(canonical)


@pytest.mark.parametrize("space", sorted(SPACES))
@relaxed
@given(text=st.text(alphabet="()[], 0123456789-x", max_size=60))
def test_any_text_is_read_or_refused(space: str, text: str) -> None:
    encoding = SPACES[space].encoding
    try:
        value = encoding.parse(text)
    except SpaceError:
        with pytest.raises(SpaceError, match=f"^{space} encoding"):
            encoding.parse(text)
    else:
        assert encoding.parse(encoding.format(value)) == value


@pytest.mark.parametrize("space", sorted(SPACES))
def test_text_of_the_suite_comes_back(space: str, nbsz_path: Path) -> None:
    encoding = SPACES[space].encoding
    tasks = json.loads((nbsz_path / f"zc_{space}.json").read_text())
    texts = list(next(iter(tasks.values())))
    assert texts
    assert [encoding.format(encoding.parse(text)) for text in texts] == texts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at character 1 expected an opening bracket"),
        ("4, 3", "at character 1 expected an opening bracket"),
        ("(4, 3", "at character 6 expected ')'"),
        ("(4, 3]", "at character 6 expected ',' or ')'"),
        ("(4 3)", "at character 4 expected ',' or ')'"),
        ("(4, , 3)", "at character 5 expected a number or ')'"),
        ("(4, x)", "at character 5 expected a number or ')'"),
        ("(-4)", "at character 2 expected a number or ')'"),
        ("(4) 3", "at character 5 expected the end"),
        ("(((((1)))))", "at character 5 expected at most 4 nested brackets"),
        ("(4, (3), 1)", "entry 1 is a sequence, not a number"),
    ],
)
def test_bad_text_gets_its_position(text: str, reason: str) -> None:
    with pytest.raises(SpaceError) as error:
        SPACES["nasbench201"].parse(text)
    assert str(error.value) == f"nasbench201 encoding '{text}': {reason}"


def test_absurd_length_is_refused() -> None:
    with pytest.raises(SpaceError, match="encoding has 100000 characters; at most 1000 are allowed"):
        SPACES["nasbench201"].parse("(" * 100_000)


def test_an_encoding_has_the_name_of_its_space() -> None:
    assert len(SPACES) == 5
    for name, space in SPACES.items():
        assert space.encoding.space == name
