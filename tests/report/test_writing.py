"""Reports in every format: whole, safe, the same bytes every time, and errors that name the mend."""

import base64
import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rayzc
from rayzc.errors import RunError
from rayzc.report.content import Chapter, Column, Estimate, Facts, Mathematics, Page, Section, Table, Words
from rayzc.report.figures import Cells, Graph
from rayzc.report.figures.style import heat_level
from rayzc.report.tabular import csv_of, latex_of, markdown_of
from rayzc.report.texts import number_text, tau_text
from tests.cli.conftest import Command, command  # noqa: F401 - a fixture
from tests.report import samples

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a discovery."""
    run = samples.discovery(tmp_path_factory.mktemp("runs") / "first").path
    return rayzc.write_report(run, bootstrap=10)


class TestHtml:
    def test_it_is_in_the_folder_of_the_run(self, written: Path) -> None:
        assert written.name == "report.html"
        assert (written.parent / "config.json").is_file()

    def test_no_element_refers_to_anything_outside(self, written: Path) -> None:
        elements = Elements(written.read_text())
        for tag, attributes in elements.found:
            for name in ("src", "href", "action", "data", "poster", "srcset"):
                value = attributes.get(name)
                assert value is None or value.startswith("#"), (tag, value)
        assert not elements.named("link")

    def test_only_scripts_with_a_known_hash_may_run(self, written: Path) -> None:
        text = written.read_text()
        (policy,) = [each for each in Elements(text).named("meta") if "http-equiv" in each]
        content = policy["content"] or ""
        assert "default-src 'none'" in content
        assert "unsafe-eval" not in content
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        assert len(scripts) == 2
        for script in scripts:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in content

    def test_landmarks_headings_and_names(self, written: Path) -> None:
        elements = Elements(written.read_text())
        assert elements.named("html") == [{"lang": "en"}]
        for landmark in ("header", "main", "footer"):
            assert len(elements.named(landmark)) == 1
        assert len(elements.named("h1")) == 1
        ids = [attributes["id"] for _, attributes in elements.found if attributes.get("id")]
        assert len(ids) == len(set(ids))
        for attributes in elements.named("button"):
            if attributes.get("role") == "tab":
                assert attributes["aria-controls"] in ids

    def test_every_figure_has_a_specification(self, written: Path) -> None:
        text = written.read_text()
        data = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL)
        assert data is not None
        specs = json.loads(data[1])
        charts = [a["data-chart"] for _, a in Elements(text).found if a.get("data-chart")]
        assert set(charts) == set(specs)
        assert len(charts) > 6

    def test_the_specifications_are_vega_lite(self, written: Path) -> None:
        vl_convert = pytest.importorskip("vl_convert", reason="vl-convert is not installed")
        data = re.search(r'id="figures">(.*?)</script>', written.read_text(), re.DOTALL)
        assert data is not None
        for name, spec in list(json.loads(data[1]).items())[:6]:
            assert "marks" in vl_convert.vegalite_to_vega({**spec, "width": 300}), name

    def test_the_same_bytes_again(self, written: Path, tmp_path: Path) -> None:
        again = rayzc.write_report(written.parent, bootstrap=10, out=tmp_path / "again.html")
        assert again.read_bytes() == written.read_bytes()

    @pytest.mark.parametrize("kind", [samples.searches, samples.whole, samples.study, samples.trainings])
    def test_every_kind_of_run(self, kind: Callable[[Path], object], tmp_path: Path) -> None:
        kind(tmp_path / "run")
        text = rayzc.write_report(tmp_path / "run", bootstrap=0).read_text()
        assert text.startswith("<!doctype html>")
        assert "<h1>run</h1>" in text


class TestEscaping:
    def test_names_of_a_run_and_of_its_problems(self, tmp_path: Path) -> None:
        own = samples.suite()
        evil = replace(own, problems=tuple(replace(p, task=EVIL) for p in own.problems))
        place = tmp_path / "<b>run & so on"
        samples.discovery(place, own=evil)
        text = rayzc.write_report(place, bootstrap=0).read_text()
        elements = Elements(text)
        assert len(elements.named("script")) == 3
        assert not elements.named("img")
        assert not elements.named("b")
        assert not [a for _, a in elements.found if any(name.startswith("on") for name in a)]
        assert "alert(1)" in text

    def test_a_formula_is_text(self) -> None:
        from rayzc.report.html.blocks import Writer

        block = Mathematics("<math></math>", EVIL, "")
        assert len(Elements(Writer().block(block)).named("script")) == 0

    def test_labels_of_drawings(self) -> None:
        drawn = Cells("cells", EVIL, EVIL, (Graph(EVIL, (EVIL, "b"), ((0, 1, EVIL),)),))
        assert {tag for tag, _ in Elements(drawn.svg()).found} <= {
            "figure",
            "div",
            "svg",
            "path",
            "text",
            "rect",
            "figcaption",
        }

    def test_markdown_and_latex(self) -> None:
        page = Page(
            EVIL,
            "50 % of a_b",
            Facts(()),
            (Chapter("c", "C", (Section("s", "S", (Words("<b> *x* | y"),)),)),),
            "0",
        )
        assert r"\<b\> \*x\* \| y" in markdown_of(page)
        assert r"50 \% of a\_b" in latex_of(replace(page, title="50 % of a_b"))
        assert "<script>" not in latex_of(page)


class TestOtherFormats:
    def test_csv_has_all_digits_and_intervals(self) -> None:
        table = Table(
            "t",
            "T",
            (Column("name"), Column("tau", ".3f")),
            (("a", Estimate(1 / 3, 0.25, 0.5)), ("b", None), ("c,d", 0.125)),
        )
        rows = [*csv.reader(io.StringIO(csv_of(table)))]
        assert rows[0] == ["name", "tau", "tau low", "tau high"]
        assert rows[1] == ["a", str(1 / 3), "0.25", "0.5"]
        assert rows[3] == ["c,d", "0.125", "", ""]

    def test_a_table_a_file(self, written: Path, tmp_path: Path) -> None:
        out = rayzc.write_report(written.parent, format="csv", out=tmp_path / "tables", bootstrap=0)
        names = {path.name for path in out.iterdir()}
        assert {"taus.csv", "front.csv", "worth.csv", "configuration.csv"} <= names
        assert out.joinpath("taus.csv").read_text().startswith("problem,this formula,")

    def test_markdown(self, written: Path) -> None:
        text = rayzc.write_report(written.parent, format="md", bootstrap=0).read_text()
        assert text.startswith("# first\n")
        assert "| problem | this formula |" in text
        assert "$$" in text

    def test_latex(self, written: Path) -> None:
        text = rayzc.write_report(written.parent, format="latex", bootstrap=0).read_text()
        assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") > 5
        assert r"\mathrm{good}" in text

    @pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
    def test_figures_for_papers(self, form: str, magic: bytes, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")
        run = samples.whole(tmp_path / "run").path
        outs = [rayzc.write_report(run, format=form, bootstrap=0, out=tmp_path / name) for name in ("a", "b")]
        files = sorted(path.name for path in outs[0].iterdir())
        assert {f"{name}.{form}" for name in ("taus", "fit", "front", "worth", "islands")} <= {*files}
        for name in files:
            content = (outs[0] / name).read_bytes()
            assert content.startswith(magic)
            assert content == (outs[1] / name).read_bytes(), name


RECORDED = Path(__file__).parent.parent / "recorded" / "v0.1.0"


@pytest.mark.parametrize(
    "name", ["discovery", "discovery-interrupted", "search", "search-whole", "run-interrupted"]
)
def test_runs_of_earlier_versions(name: str, tmp_path: Path) -> None:
    text = rayzc.write_report(RECORDED / name, format="md", bootstrap=0, out=tmp_path / "x.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert "## Run" in text


class TestMistakes:
    @pytest.mark.parametrize(("form", "library"), [("html", "vl_convert"), ("png", "matplotlib")])
    def test_without_the_extra(
        self, form: str, library: str, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from rayzc.report.html.library import plotting_script

        plotting_script.cache_clear()
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(RunError, match=re.escape("pip install 'rayzc[report]'")):
            rayzc.write_report(written.parent, format=form, bootstrap=0, out=tmp_path / "out")

    def test_no_run(self) -> None:
        with pytest.raises(RunError, match="there is no run to report on: name at least one"):
            rayzc.write_report([])

    def test_a_place_that_cannot_be_written(self, written: Path, tmp_path: Path) -> None:
        with pytest.raises(RunError, match=r"cannot be written: No such file or directory"):
            rayzc.write_report(written.parent, bootstrap=0, format="md", out=tmp_path / "no" / "x.md")

    def test_an_unknown_format(self, written: Path) -> None:
        with pytest.raises(RunError, match="unknown format 'pdf'"):
            rayzc.write_report(written.parent, format="pdf")


class TestCommand:
    def test_it_says_where_the_report_is(self, command: Command, tmp_path: Path) -> None:  # noqa: F811
        samples.discovery(tmp_path / "run")
        ended = command("report", "run", "--format", "md", "--bootstrap", "0")
        assert ended.code == 0
        assert ended.out.strip() == "run/report.md"
        assert (tmp_path / "run" / "report.md").is_file()

    def test_a_mistake_is_one_line(self, command: Command) -> None:  # noqa: F811
        ended = command("report", "nothing")
        assert ended.code == 2
        assert ended.err.startswith("rayzc: nothing: no such run")


@pytest.mark.parametrize(
    ("cell", "form", "text"),
    [
        (None, ".3f", "—"),
        (float("nan"), ".3f", "—"),
        (-0.5, ".3f", "−0.500"),
        (Estimate(0.5, 0.4, 0.6), ".3f", "0.500 ±0.100"),
        (1234567, ",d", "1,234,567"),
        ("as it is", "", "as it is"),
    ],
)
def test_cells_as_text(cell: str | float | Estimate | None, form: str, text: str) -> None:
    assert number_text(cell, form) == text


def test_correlations_as_text() -> None:
    assert [tau_text(value) for value in (0.534, -0.0001, -0.05, 1.0)] == [".53", ".00", "−.05", "1.00"]


def test_levels_of_colour() -> None:
    assert [heat_level(value) for value in (0, 0.09, 0.1, 0.71, -0.3)] == [0, 0, 1, 5, -2]
