"""What a suite is built of: read from TOML, and every mistake named with file, table and key."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.options import RECIPES, Recipe
from rayzc.problems import benchmark_of, read_spec, sampled
from rayzc.problems.packing import packed
from rayzc.spaces import Task

SPEC = """
name = "tiny"
architectures = 5
seed = 7
trainings = [1, 2]
proxies = ["params", "nwot"]

[recipe]
epochs = 2
augment = ["flip"]

[images.mine]
source = "npz:mine.npz"
training = 16
testing = 8
licence = "CC0"

[tasks.mine]
images = "mine"

[tasks.turned]
images = "mine"
kind = "rotation"
copies = 2
seed = 3

[tasks.puzzle]
images = "mine"
kind = "jigsaw"
permutations = 4

[tasks.unused]
images = "mine"
kind = "quadrant"

[spaces.nasbench201]
width = 4
depth = 1
tasks = ["mine", "puzzle"]

[spaces.transbench101_micro]
width = 8
tasks = ["turned"]
architectures = 3
proxies = ["flops"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (24, 3, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(24) % 2)
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in SPEC
    (folder / "spec.toml").write_text(SPEC.replace(old, new, 1))
    return folder / "spec.toml"


def test_a_specification(folder: Path) -> None:
    spec = read_spec(folder / "spec.toml")
    assert (spec.name, spec.architectures, spec.seed, spec.trainings) == ("tiny", 5, 7, (1, 2))
    assert spec.recipe == RECIPES["quick"].replaced(epochs=2, augment=("flip",))
    assert spec.problems == (
        ("nasbench201", "mine"),
        ("nasbench201", "puzzle"),
        ("transbench101_micro", "turned"),
    )
    assert spec.networks("nasbench201") == sampled("nasbench201", 5, 7)
    assert spec.networks("transbench101_micro") == sampled("transbench101_micro", 3, 7)
    assert spec.measured("nasbench201") == ("params", "nwot")
    assert spec.measured("transbench101_micro") == ("flops",)
    assert spec.tasks["turned"].parameters == {"copies": 2}
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_the_fingerprint_is_of_the_content(folder: Path) -> None:
    spec = read_spec(folder / "spec.toml")
    (folder / "elsewhere").mkdir()
    moved = folder / "elsewhere" / "other.toml"
    moved.write_text("# a comment\n" + SPEC)
    assert read_spec(moved).fingerprint == spec.fingerprint
    assert read_spec(changed(folder, "copies = 2", "copies = 3")).fingerprint != spec.fingerprint


def test_its_benchmark(folder: Path) -> None:
    spec = read_spec(folder / "spec.toml")
    made = benchmark_of(spec)
    assert made.scales == {"nasbench201": (4, 1), "transbench101_micro": (8, 2)}
    assert {name: task.task for name, task in made.tasks.items()} == {
        "mine": Task(2, 8),
        "turned": Task(4, 8),
        "puzzle": Task(4, 4, 4),
    }
    assert made.tasks["turned"].training == 32
    assert made.seeds == (1, 2)
    assert Recipe.from_document(made.recipe, "the benchmark") == spec.recipe
    assert made.images == {"mine": "images of mine.npz; 16 for training, 8 for testing; licence: CC0"}
    assert made.fingerprint == benchmark_of(read_spec(folder / "spec.toml")).fingerprint


def test_what_can_be_left_out(folder: Path) -> None:
    text = """
        name = "small"
        architectures = 2
        images.mine = {source = "npz:mine.npz", training = 4, testing = 4}
        tasks.mine = {images = "mine"}
        spaces.nasbench301 = {tasks = ["mine"]}
    """
    (folder / "spec.toml").write_text(re.sub(r"^ +", "", text, flags=re.MULTILINE))
    spec = read_spec(folder / "spec.toml")
    assert (spec.seed, spec.trainings, spec.recipe, spec.proxies) == (0, (0, 1), RECIPES["quick"], None)
    assert spec.measured("nasbench301") is None
    assert benchmark_of(spec).scales == {"nasbench301": (32, 2)}


@pytest.mark.parametrize("base", RECIPES)
def test_a_recipe_with_changes(base: str, folder: Path) -> None:
    changes = f'base = "{base}"\nnesterov = true\nlabel_smoothing = 0.1\nclip = 1'
    spec = read_spec(changed(folder, "epochs = 2", changes))
    expected = RECIPES[base].replaced(nesterov=True, label_smoothing=0.1, clip=1.0, augment=("flip",))
    assert spec.recipe == expected
    assert spec.document["recipe"] == expected.to_document()
    recipe = benchmark_of(spec).recipe
    assert Recipe.from_document(recipe, "the suite") == expected
    assert recipe["momentum"] == 0.9


def test_a_recipe_of_a_space(folder: Path) -> None:
    spec = read_spec(changed(folder, "depth = 1", "depth = 1\nrecipe = {epochs = 5, clip = 1}"))
    assert spec.recipe_of("nasbench201") == spec.recipe.replaced(epochs=5, clip=1.0)
    assert spec.recipe_of("transbench101_micro") == spec.recipe
    made = benchmark_of(spec)
    assert made.recipes == {"nasbench201": {"epochs": 5, "clip": 1.0}}
    for space in spec.spaces:
        own = Recipe.from_document(made.recipe_of(space), "the suite")
        assert own == spec.recipe_of(space)
    assert (
        made.fingerprint != benchmark_of(read_spec(changed(folder, "epochs = 2", "epochs = 2"))).fingerprint
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "architectures = 5",
            "architecture = 5",
            "spec.toml: unknown key 'architecture'; did you mean 'architectures'?",
        ),
        ('name = "tiny"', "", "spec.toml: missing key 'name'"),
        (
            "architectures = 5",
            "architectures = 0",
            "spec.toml: key 'architectures' cannot be used: expected int >= 1",
        ),
        ("architectures = 5", 'architectures = "5"', "spec.toml: key 'architectures' must be a whole number"),
        ("trainings = [1, 2]", "trainings = [1, 1]", "spec.toml: key 'trainings' has a seed twice"),
        ("trainings = [1, 2]", "trainings = []", "spec.toml: key 'trainings' cannot be used"),
        ("[recipe]", "[recipes]", "spec.toml: unknown key 'recipes'; did you mean 'recipe'?"),
        ("epochs = 2", "epoch = 2", "spec.toml, [recipe]: unknown key 'epoch'; did you mean 'epochs'?"),
        (
            "depth = 1",
            "depth = 1\nrecipe = {epoch = 5}",
            "spec.toml, [spaces.nasbench201], recipe: unknown key 'epoch'; did you mean 'epochs'?",
        ),
        (
            "depth = 1",
            "depth = 1\nrecipe = {epochs = 0}",
            "spec.toml, [spaces.nasbench201], recipe: epochs is 0; it must lie between",
        ),
        ("epochs = 2", "epochs = 0", "spec.toml, [recipe]: epochs is 0; it must lie between 1 and 100,000"),
        ("epochs = 2", 'epochs = "2"', "spec.toml, [recipe]: epochs is '2'; it must be a whole number"),
        ("epochs = 2", "nesterov = 1", "spec.toml, [recipe]: nesterov is 1; it must be true or false"),
        ("epochs = 2", "label_smoothing = 1.5", "spec.toml, [recipe]: label_smoothing is 1.5; it must lie"),
        ("epochs = 2", "warmup = 20", "spec.toml, [recipe]: warmup is 20 and epochs is 20"),
        ('["flip"]', '["flop"]', "spec.toml, [recipe]: unknown augment 'flop'; did you mean 'flip'?"),
        ('["flip"]', '"flip"', "spec.toml, [recipe]: augment must be a list of names"),
        (
            "epochs = 2",
            'base = "quik"',
            "spec.toml, [recipe]: key 'base': there is no recipe 'quik'; did you mean 'quick'?",
        ),
        ("epochs = 2", "base = [1]", "spec.toml, [recipe]: key 'base': there is no recipe [1]; known: quick"),
        (
            '"npz:mine.npz"',
            '"nps:mine.npz"',
            "spec.toml, [images.mine]: key 'source': there is no source of images",
        ),
        ('source = "npz:mine.npz"', "", "spec.toml, [images.mine]: missing key 'source'"),
        (
            "training = 16",
            "train = 16",
            "spec.toml, [images.mine]: unknown key 'train'; did you mean 'training'?",
        ),
        ("training = 16", "training = -1", "spec.toml, [images.mine]: key 'training' cannot be used"),
        ("training = 16", "", "spec.toml, [images.mine]: missing key 'training'"),
        ('licence = "CC0"', "side = 4", "spec.toml, [images.mine]: unknown key 'side'"),
        (
            'kind = "rotation"',
            'kind = "rotate"',
            "spec.toml, [tasks.turned]: key 'kind': there is no kind 'rotate'",
        ),
        ("copies = 2", "copy = 2", "spec.toml, [tasks.turned]: unknown key 'copy'; did you mean 'copies'?"),
        (
            'images = "mine"',
            'images = "yours"',
            "spec.toml, [tasks.mine]: key 'images': there is no table [images.yours]",
        ),
        (
            "[spaces.nasbench201]",
            "[spaces.nasbench202]",
            "spec.toml, [spaces.nasbench202]: there is no search space",
        ),
        (
            '"mine", "puzzle"]',
            '"mine", "puzle"]',
            "[spaces.nasbench201]: key 'tasks': there is no table [tasks.puzle]; did",
        ),
        ('"mine", "puzzle"]', '"mine", "mine"]', "[spaces.nasbench201]: key 'tasks' names a task twice"),
        (
            "width = 8",
            "width = 7",
            "[spaces.transbench101_micro]: key 'width' is 7; networks of transbench101_micro have",
        ),
        (
            "depth = 1",
            "depths = 1",
            "spec.toml, [spaces.nasbench201]: unknown key 'depths'; did you mean 'depth'?",
        ),
        ("name = ", "name : ", "spec.toml: not a TOML file: "),
    ],
)
def test_mistakes(folder: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(SuiteError) as error:
        read_spec(changed(folder, old, new))
    assert message in str(error.value)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("npz:mine.npz", "npz:gone.npz", "spec.toml, [images.mine]: "),
        (
            "training = 16",
            "training = 17",
            "[images.mine]: image set mine: mine.npz has 24 images, which is fewer than",
        ),
        ("copies = 2", "copies = 9", "spec.toml, [tasks.turned]: task turned: copies is 9"),
        (
            '["flip"]',
            '["cutout"]',
            "spec.toml, [recipe], task puzzle: cutout is 4, which blanks whole images of 4 pixels",
        ),
        (
            "permutations = 4",
            "permutations = 4\ngrid = 4",
            "[spaces.nasbench201]: images of the task puzzle have 2 pixels",
        ),
    ],
)
def test_what_cannot_be_made(folder: Path, old: str, new: str, message: str) -> None:
    spec = read_spec(changed(folder, old, new))
    with pytest.raises(SuiteError) as error:
        benchmark_of(spec)
    assert message in str(error.value)
    assert str(folder) in str(error.value)


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")
    (tmp_path / "spec.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    spec = read_spec(tmp_path / "spec.toml")
    assert len(spec.problems) == 7
    pytest.importorskip("sklearn", reason="the digits need scikit-learn")
    pytest.importorskip("skimage", reason="photographs need scikit-image")
    made = benchmark_of(spec)
    assert made.tasks["jigsaw"].task == Task(12, 8, 4)
    assert len(packed(made)[1]) < 1_000_000


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"spec\.toml: cannot be read: No such file"):
        read_spec(tmp_path / "spec.toml")


def test_no_problem(folder: Path) -> None:
    start = SPEC.index("[spaces.nasbench201]")
    (folder / "spec.toml").write_text(SPEC[:start] + "[spaces]\n")
    with pytest.raises(SuiteError, match=r"no \[spaces\.NAME\] table, so no problem to build"):
        read_spec(folder / "spec.toml")
