"""A cross-validated discovery: the same bytes for any number of workers, and after its process was lost."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rayzc.cluster import Progress, discover, resume
from rayzc.cluster.islands.folds import Folds
from rayzc.options import Limits, Settings
from rayzc.problems import Suite
from rayzc.runs import Discovery, best_formula, read_newest

SETTINGS = Settings(
    seed=3, islands=3, population=16, offspring=20, generations=1, migration_interval=2, max_size=20
)
EPOCHS = 6


@pytest.fixture(scope="module")
def suite(small_suite: Suite) -> Suite:
    """The small suite, each problem in a search space of its own."""
    problems = tuple(replace(each, space=f"toy{place}") for place, each in enumerate(small_suite.problems))
    return replace(small_suite, problems=problems)


def bred(suite: Suite, out: Path, workers: int, epochs: int = EPOCHS, share: float = 0.5) -> Discovery:
    return discover(
        suite,
        settings=SETTINGS,
        holdout=0.25,
        cross_validate=share,
        epochs=epochs,
        workers=workers,
        out=out,
    )


@pytest.fixture(scope="module")
def undisturbed(suite: Suite, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Discovery:
    return bred(suite, tmp_path_factory.mktemp("undisturbed") / "run", workers=1)


def hall(path: Path) -> bytes:
    return (path / "hall_of_fame.json").read_bytes()


def test_three_workers_and_one_give_the_same_bytes(
    suite: Suite, undisturbed: Discovery, tmp_path: Path
) -> None:
    again = bred(suite, tmp_path / "run", workers=3)
    assert hall(tmp_path / "run") == hall(Path(str(undisturbed.run)))
    assert again.cross_validation == undisturbed.cross_validation


def test_its_process_is_lost_and_the_folds_go_on_from_the_checkpoint(
    suite: Suite, undisturbed: Discovery, tmp_path: Path
) -> None:
    class LostError(Exception):
        """Ends the driver without a word, as SIGKILL does."""

    def lose(progress: Progress) -> None:
        if list((tmp_path / "run" / "checkpoints").glob("epoch-*")):
            assert progress.transfer
            raise LostError

    options = {"settings": SETTINGS, "holdout": 0.25, "cross_validate": 0.5, "out": tmp_path / "run"}
    with pytest.raises(LostError):
        discover(suite, **options, epochs=100_000, workers=2, listen=lose)  # type: ignore[arg-type]
    document = read_newest(tmp_path / "run" / "checkpoints", pytest.fail)
    assert document is not None
    assert [island["index"] for island in document["islands"]] == [0, 1, 2, 0, 0, 0]
    epochs = document["epoch"] + 2
    resume(tmp_path / "run", limits=Limits(epochs=epochs), workers=3)
    bred(suite, tmp_path / "whole", workers=1, epochs=epochs)
    assert hall(tmp_path / "run") == hall(tmp_path / "whole")


def test_each_fold_is_the_discovery_without_the_space(
    suite: Suite, undisturbed: Discovery, tmp_path: Path
) -> None:
    document = json.loads(hall(Path(str(undisturbed.run))))
    alone = discover(
        suite, settings=SETTINGS.replaced(islands=1), holdout=0.25, leave_out=("toy1",), epochs=EPOCHS,
        out=tmp_path / "run",
    )  # fmt: skip
    expected = {str(best) for best in alone.to_table()["expression"].to_pylist()}
    assert {each["expression"] for each in document["cross_validation"]["folds"]["toy1"]} == expected


def test_without_cross_validation_the_hall_of_fame_is_as_ever(
    suite: Suite, undisturbed: Discovery, tmp_path: Path
) -> None:
    plain = bred(suite, tmp_path / "run", workers=2, share=0.0)
    document, ever = json.loads(hall(Path(str(undisturbed.run)))), json.loads(hall(tmp_path / "run"))
    assert set(ever) == {"schema_version", "provenance", "best", "front"}
    assert ever["best"] == document["best"]
    assert ever["front"] == document["front"]
    assert "cross_validate" not in ever["provenance"]
    assert document["provenance"] == {**ever["provenance"], "cross_validate": 0.5}
    assert plain.cross_validation is None
    assert str(best_formula(tmp_path / "run" / "hall_of_fame.json")) == ever["best"][0]["expression"]


def test_the_result_says_what_was_handed_out(undisturbed: Discovery) -> None:
    folder = Path(str(undisturbed.run))
    checked = undisturbed.cross_validation
    assert checked is not None
    assert best_formula(folder / "hall_of_fame.json") == undisturbed.formula == checked.formula
    result = json.loads((folder / "result.json").read_text())
    assert result["cross_validation"] == json.loads(json.dumps(checked.summary()))
    assert result["best"]["kendall"] == result["cross_validation"]["rows"][checked.numbers]["fitted"]
    assert undisturbed.evaluations == sum(
        island["evaluations"]
        for island in json.loads(sorted((folder / "checkpoints").glob("*"))[-1].read_text())["islands"]
    )


def test_a_suite_of_one_space_is_not_cross_validated(suite: Suite) -> None:
    one = suite.select(("toy0",))
    assert Folds.of(one, one, SETTINGS, 0.5) == Folds()
    assert Folds.of(suite, suite, SETTINGS, 0.0).groups == []
