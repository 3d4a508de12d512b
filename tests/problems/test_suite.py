import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rayzc.errors import SuiteError
from rayzc.problems import Problem, Suite
from tests.problems.samples import identical, problem, suite


def grouped(task: str, groups: list[int], space: str = "own") -> Problem:
    return dataclasses.replace(problem(task, rows=len(groups), space=space), groups=np.array(groups))


def three() -> Suite:
    return suite(
        problem("cifar10", space="somebench1"),
        problem("cifar10", proxies=("flops", "zen", "params"), space="other"),
        problem("jigsaw", proxies=("flops", "zen"), space="other"),
    )


def test_names_and_lookup() -> None:
    assert three().names == ("somebench1/cifar10", "other/cifar10", "other/jigsaw")
    assert three().problem("other/jigsaw").task == "jigsaw"
    assert len(three()) == 3
    assert repr(suite()) == "<Suite small: own/cifar10, own/svhn>"
    assert repr(Suite("none", ())) == "<Suite none: empty>"


def test_unknown_problem_is_suggested() -> None:
    with pytest.raises(SuiteError) as error:
        three().problem("other/jigsw")
    assert str(error.value) == "suite small has no problem 'other/jigsw'; did you mean 'other/jigsaw'?"


def test_a_problem_is_there_once() -> None:
    with pytest.raises(SuiteError) as error:
        suite(problem(), problem())
    assert str(error.value) == "suite small: problem own/cifar10 appears twice"


def test_common_proxies_and_what_is_left_out() -> None:
    assert three().proxies == ("flops", "jacov", "params", "zen")
    assert three().common_proxies == ("flops",)
    assert dict(three().left_out) == {
        "jacov": ("other/cifar10", "other/jigsaw"),
        "params": ("other/jigsaw",),
        "zen": ("somebench1/cifar10",),
    }


def test_a_column_without_a_score_is_a_missing_proxy() -> None:
    bare = problem("svhn")
    bare = dataclasses.replace(bare, scores=np.where([True, False, True], bare.scores, np.nan))
    assert suite(problem(), bare).common_proxies == ("flops", "params")
    assert dict(suite(problem(), bare).left_out) == {"jacov": ("own/svhn",)}


@pytest.mark.parametrize(
    ("problems", "leave_out", "names"),
    [
        ((), (), ("somebench1/cifar10", "other/cifar10", "other/jigsaw")),
        (("other/*",), (), ("other/cifar10", "other/jigsaw")),
        (("other",), (), ("other/cifar10", "other/jigsaw")),
        (("cifar10",), (), ("somebench1/cifar10", "other/cifar10")),
        (("other/jigsaw", "some*"), (), ("somebench1/cifar10", "other/jigsaw")),
        ((), ("somebench1",), ("other/cifar10", "other/jigsaw")),
        ((), ("cifar10",), ("other/jigsaw",)),
        (("other",), ("other/cifar10",), ("other/jigsaw",)),
    ],
)
def test_select(problems: tuple[str, ...], leave_out: tuple[str, ...], names: tuple[str, ...]) -> None:
    selected = three().select(problems, leave_out)
    assert selected.names == names
    assert selected.metadata == three().metadata


def test_select_unknown_is_suggested() -> None:
    with pytest.raises(SuiteError) as error:
        three().select(leave_out=["somebench"])
    assert str(error.value) == "no problem of suite small matches 'somebench'; did you mean 'somebench1'?"


def test_select_nothing_is_refused() -> None:
    with pytest.raises(SuiteError) as error:
        suite().select(leave_out=["own"])
    assert str(error.value) == "no problem of suite small is left; it has own/cifar10, own/svhn"


def test_for_fitting_keeps_common_proxies_and_complete_rows() -> None:
    holed = problem("svhn", proxies=("flops", "zen"))
    scores = holed.scores.copy()
    scores[0, 0] = np.nan  # flops, which is common
    scores[1, 1] = np.nan  # zen, which is not
    fitted = suite(problem(), dataclasses.replace(holed, scores=scores)).for_fitting()
    assert [p.proxies for p in fitted.problems] == [("flops",), ("flops",)]
    assert [len(p) for p in fitted.problems] == [8, 7]


def test_for_fitting_with_chosen_proxies_in_their_order() -> None:
    fitted = suite().for_fitting(["params", "flops", "params"])
    assert [p.proxies for p in fitted.problems] == [("params", "flops")] * 2


def scored(accuracy: list[float], **scores: list[float]) -> Problem:
    rows = len(accuracy)
    return Problem(
        "own",
        "cifar10",
        tuple(f"net-{i}" for i in range(rows)),
        tuple(scores),
        np.array(list(scores.values())).T.reshape(rows, len(scores)),
        np.array(accuracy),
        np.arange(rows),
    )


@pytest.mark.parametrize(
    ("given_suite", "proxies", "message"),
    [
        (Suite("none", ()), None, "suite none is empty: it has no problems"),
        (
            suite(problem(rows=1)),
            None,
            "problem own/cifar10 has 1 architecture; at least two are needed to rank: leave it out",
        ),
        (
            suite(problem(rows=0)),
            ["flops"],
            "problem own/cifar10 has 0 architectures; at least two are needed to rank: leave it out",
        ),
        (
            suite(scored([1.0, 2.0, 3.0], flops=[1.0, np.nan, np.nan], zen=[1.0, 2.0, 3.0])),
            None,
            "problem own/cifar10 has 1 architecture with all of flops, zen, of 3; at least two are needed to "
            "rank: choose fewer proxies or leave out the problem",
        ),
        (
            suite(scored([1.0, 2.0], flops=[1.0, np.nan], zen=[np.nan, 2.0])),
            None,
            "problem own/cifar10 has 0 architectures with all of flops, zen, of 2; at least two are needed to "
            "rank: choose fewer proxies or leave out the problem",
        ),
        (
            suite(scored([90.5, 90.5, 90.5], flops=[1.0, 2.0, 3.0])),
            None,
            "problem own/cifar10 has the same accuracy, 90.5, for all of its 3 architectures: there is nothing "
            "to rank; leave it out",
        ),
        (suite(), ["flops", "jacv"], "suite small has no proxy 'jacv'; did you mean 'jacov'?"),
        (
            three(),
            ["flops", "zen"],
            "proxy 'zen' is missing on somebench1/cifar10; leave out the proxy or these problems",
        ),
        (
            suite(problem(proxies=("flops",)), problem("svhn", proxies=("zen",))),
            None,
            "suite small has no proxy that all of its 2 problems have; choose fewer problems",
        ),
        (
            suite(problem(proxies=())),
            None,
            "problem own/cifar10 has no proxy; measure some with `rayzc suite fill`",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    given_suite: Suite, proxies: list[str] | None, message: str
) -> None:
    with pytest.raises(SuiteError) as error:
        given_suite.for_fitting(proxies)
    assert str(error.value) == message


@settings(deadline=None)
@given(
    groups=st.lists(st.lists(st.integers(0, 20), min_size=12, max_size=40), min_size=1, max_size=3),
    holdout=st.floats(0.1, 0.9),
    seed=st.integers(0, 2**32),
)
def test_split_never_divides_a_network(groups: list[list[int]], holdout: float, seed: int) -> None:
    whole = suite(*(grouped(f"t{i}", numbers) for i, numbers in enumerate(groups)))
    try:
        fit, validate = whole.split(holdout, seed)
    except SuiteError:
        return  # too few networks for this share
    seen = {int(g) for p in fit.problems for g in p.groups}
    unseen = {int(g) for p in validate.problems for g in p.groups}
    assert not seen & unseen
    for before, left, right in zip(whole.problems, fit.problems, validate.problems, strict=True):
        assert sorted(left.groups.tolist() + right.groups.tolist()) == sorted(before.groups.tolist())
        assert len(left) >= 2
        assert len(right) >= 2


def test_split_share_is_as_close_as_networks_allow() -> None:
    fit, validate = suite(problem(rows=400)).split(0.25, seed=3)
    assert (len(fit.problems[0]), len(validate.problems[0])) == (300, 100)


def test_split_is_deterministic_and_depends_on_the_seed() -> None:
    whole = suite(problem(rows=50))
    first, second, other = (whole.split(0.3, seed)[1].problems[0].architectures for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_split_does_not_depend_on_the_order_of_rows_and_problems() -> None:
    a, b = problem(rows=40), problem("svhn", rows=40, space="else", seed=1)
    held = suite(a, b).split(0.3, 1)[1]
    reordered = suite(b, a.take(range(39, -1, -1))).split(0.3, 1)[1]
    for name in held.names:
        assert set(held.problem(name).architectures) == set(reordered.problem(name).architectures)


def test_split_holds_a_network_out_of_all_problems_of_its_space() -> None:
    whole = suite(problem(rows=30), problem("svhn", rows=20, seed=1))
    fit, validate = whole.split(0.25, 0)
    assert set(validate.problem("own/svhn").architectures) <= set(
        validate.problem("own/cifar10").architectures
    )
    assert not set(validate.problem("own/svhn").architectures) & set(fit.problem("own/cifar10").architectures)


@pytest.mark.parametrize("holdout", [0.0, 1.0, -0.5, float("nan")])
def test_split_share_out_of_range(holdout: float) -> None:
    with pytest.raises(SuiteError) as error:
        suite().split(holdout, 0)
    assert str(error.value) == f"holdout is {holdout}; it must be greater than 0 and less than 1"


def test_split_that_leaves_too_little_is_refused() -> None:
    with pytest.raises(SuiteError) as error:
        suite(grouped("t", [1, 1, 1, 1, 1])).split(0.5, 0)
    assert str(error.value) == (
        "problem own/t has 5 rows of 1 network: a holdout of 0.5 leaves 0 for fitting, and 2 are needed; "
        "choose another holdout or leave out the problem"
    )


def test_small_problems_are_those_with_few_different_networks() -> None:
    many, few = grouped("many", list(range(10))), grouped("few", [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3])
    assert dict(suite(many, few, grouped("one", [7])).small_problems) == {"own/few": 3, "own/one": 1}
    assert dict(suite(many).small_problems) == {}


def test_renamed_proxies_keep_their_scores() -> None:
    whole = suite(problem(proxies=("log", "jacob-cov")), problem("svhn", proxies=("zen", "log"), seed=1))
    renamed = whole.renamed({"log": "log_params", "jacob-cov": "jacov"})
    assert [p.proxies for p in renamed.problems] == [("log_params", "jacov"), ("zen", "log_params")]
    for before, after in zip(whole.problems, renamed.problems, strict=True):
        assert after.scores.tobytes() == before.scores.tobytes()
        assert after.groups.tolist() == before.groups.tolist()
    swapped = whole.renamed({"zen": "log", "log": "zen"})
    assert swapped.problem("own/svhn").proxies == ("log", "zen")
    one_name = suite(problem(proxies=("jacob_cov",)), problem("svhn", proxies=("jacob-cov",)))
    assert one_name.renamed({"jacob_cov": "jacov", "jacob-cov": "jacov"}).common_proxies == ("jacov",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"jacv": "x"}, "suite small has no proxy 'jacv' to rename; did you mean 'jacov'?"),
        (
            {"jacov": "flops"},
            "problem own/cifar10 would have two proxies 'flops' with 'jacov' renamed; choose another name",
        ),
    ],
)
def test_proxies_that_cannot_be_renamed(names: dict[str, str], message: str) -> None:
    with pytest.raises(SuiteError) as error:
        suite().renamed(names)
    assert str(error.value) == message


def test_content_hash_is_stable() -> None:
    """A checkpoint names the suite by it: it must not change from version to version."""
    fixed = scored([1.0, 2.5], flops=[1.0, -np.inf], zen=[-0.0, np.nan])
    assert suite(fixed).content_hash == "2946b368de9b78d2b568456a7cfb7830b11e7ab52142f67276723fc0010f4196"


def test_content_hash_ignores_names_and_orders_of_columns_and_problems() -> None:
    a, b = problem(), problem("svhn", seed=1)
    expected = suite(a, b).content_hash
    assert suite(b, a).content_hash == expected
    assert Suite("other", (a, b), {"date": "today"}).content_hash == expected
    assert suite(a.with_proxies(["params", "jacov", "flops"]), b).content_hash == expected


def test_content_hash_sees_every_bit() -> None:
    base = scored([1.0, 2.0], flops=[0.0, 1.0])
    hashes = {
        suite(changed).content_hash
        for changed in (
            base,
            scored([1.0, 2.0], flops=[-0.0, 1.0]),
            scored([1.0, 2.0], flops=[0.0, np.nan]),
            scored([1.0, np.nextafter(2.0, 3.0)], flops=[0.0, 1.0]),
            scored([1.0, 2.0], zen=[0.0, 1.0]),
            dataclasses.replace(base, groups=np.array([0, 0])),
            dataclasses.replace(base, task="other"),
            dataclasses.replace(base, architectures=("net-0", "net-2")),
            base.take([1, 0]),
        )
    }
    assert len(hashes) == 9


def test_pickled_it_is_the_same() -> None:
    whole = three()
    assert whole.left_out
    assert identical(pickle.loads(pickle.dumps(whole)), whole)


def test_metadata_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        suite().metadata["origin"] = "elsewhere"  # type: ignore[index]
