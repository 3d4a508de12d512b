"""Options as the keywords of functions and as flags, earlier names included."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rayzc
from rayzc.errors import ProxyError
from rayzc.options import Settings
from tests.cli.conftest import Command
from tests.options.cakes import Cake, Oven, bake, refused

WHERE = "runs/one/config.json"


class TestKeywords:
    def test_the_class_keywords_and_both(self) -> None:
        assert bake(3) == (3, Cake())
        assert bake(3, eggs=5, heat=200) == (3, Cake(eggs=5, oven=Oven(heat=200.0)))
        assert bake(guests=3, cake=Cake(layers=7)) == (3, Cake(layers=7))
        assert bake(3, cake=Cake(layers=7), eggs=5) == (3, Cake(layers=7, eggs=5))

    def test_what_is_not_there(self) -> None:
        with refused("there is no option 'lairs'; did you mean 'layers'?"):
            bake(3, lairs=3)

    def test_the_signature_and_the_documentation_list_them(self) -> None:
        assert (bake.__doc__ or "").startswith("Bakes a cake.\n\nOptions:\n    eggs: Eggs.\n")
        with pytest.raises(TypeError):
            bake()

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: rayzc.discover("s", islnds=3), "there is no option 'islnds'; did you mean 'islands'?"),
            (
                lambda: rayzc.discover("s", hold_out=0.2),
                "there is no option 'hold_out'; did you mean 'holdout'?",
            ),
            (
                lambda: rayzc.search("flops", "s", buget=3),
                "there is no option 'buget'; did you mean 'budget'?",
            ),
            (lambda: rayzc.run("s", epoch=3), "there is no option 'epoch'; did you mean 'epochs'?"),
            (lambda: rayzc.resume("r", epoch=3), "there is no option 'epoch'; did you mean 'epochs'?"),
            (
                lambda: rayzc.resume_search("r", worker=3),
                "there is no option 'worker'; did you mean 'workers'?",
            ),
            (lambda: rayzc.search("flops", "s", batch_size=0), None),
        ],
    )
    def test_of_the_functions(self, call: Callable[[], object], message: str | None) -> None:
        if message is None:
            with refused("batch_size is 0; it must be 1 or more", ProxyError):
                call()
        else:
            with refused(message):
                call()


class TestEarlierNames:
    def test_of_a_class(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^Settings: measure is now correlation$") as found:
            assert Settings(measure="spearman") == Settings(correlation="spearman")
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    def test_of_replaced(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^measure is now correlation$") as found:
            assert Settings().replaced(measure="spearman") == Settings(correlation="spearman")
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    def test_of_a_function(self) -> None:
        with pytest.warns(DeprecationWarning, match=r"^temperature is now heat$") as found:
            assert bake(3, temperature=100) == (3, Cake(oven=Oven(heat=100.0)))
        assert [Path(warning.filename) for warning in found] == [Path(__file__)]

    @pytest.mark.parametrize("function", [rayzc.discover, rayzc.run])
    def test_of_rayzc_s_functions(self, function: Callable[..., Any]) -> None:
        with pytest.warns(DeprecationWarning, match=r"^measure is now correlation$"):
            with refused("unknown correlation 'spaerman'; did you mean 'spearman'?"):
                function("suite", measure="spaerman")

    def test_a_document_has_the_name_of_version_0_1_0(self) -> None:
        document = Settings(correlation="spearman").to_document()
        assert document["measure"] == "spearman"
        assert "correlation" not in document
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert Settings.from_document(document, WHERE) == Settings(correlation="spearman")

    @pytest.mark.parametrize(
        ("arguments", "line", "message"),
        [
            (
                ("discover", "--suite", "s", "--measure", "kendal"),
                "--measure is now --correlation",
                "unknown correlation 'kendal'; did you mean 'kendall'?",
            ),
            (
                ("run", "--suite", "s", "--measure", "kendal"),
                "--measure is now --correlation",
                "unknown correlation 'kendal'; did you mean 'kendall'?",
            ),
            (
                ("search", "--formula", "nwot", "--batch", "0"),
                "--batch is now --proposals",
                "--proposals is 0; it must be 1 or more",
            ),
            (
                ("suite", "fill", "s", "--out", "o", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
            (
                ("suite", "fill", "s", "--out", "o", "--time-limit-per-network", "0s"),
                "--time-limit-per-network is now --network-time-limit",
                "--network-time-limit is 0; it must be greater than 0",
            ),
            (
                ("proxies", "a:b", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
            (
                ("rank", "flops", "a:b", "--batch", "0"),
                "--batch is now --batch-size",
                "--batch-size is 0; it must be 1 or more",
            ),
        ],
    )
    def test_of_flags(self, command: Command, arguments: tuple[str, ...], line: str, message: str) -> None:
        ended = command(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == f"rayzc: {line}\nrayzc: {message}\n"
