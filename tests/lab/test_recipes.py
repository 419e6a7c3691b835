"""What the lab is built from is named completely, and told apart by its content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migrate.lab import build, cache, recipes
from migrate.model.errors import Usage


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "migrate-lab"


class Silent:
    """Nobody watches; no build may begin either."""

    def waits(self) -> None:
        raise AssertionError("waited for another build")

    def fetches_go(self) -> None:
        raise AssertionError("fetched a compiler")

    def begins(self, module: str, number: int, total: int, forecast: int) -> None:
        raise AssertionError(f"built {module} ({number}/{total}, {forecast} s)")

    def moves(self, module: str, downloads: int, packages: int, seconds: float) -> None:
        raise AssertionError(f"built {module} ({downloads}, {packages}, {seconds})")

    def ends(self, module: str, seconds: float) -> None:
        raise AssertionError(f"built {module} ({seconds})")


@pytest.mark.parametrize("recipe", recipes.recipes(), ids=lambda recipe: recipe.name)
def test_every_version_a_recipe_names_is_pinned_with_a_checksum(recipe: recipes.Recipe) -> None:
    sums = recipe.folder / "go.sum"
    known = sums.read_text() if sums.exists() else ""
    copied = {source.module for source in recipe.sources}
    named = {binary.module for binary in recipe.binaries}
    named |= {module for found in recipe.definitions for module in found.modules}
    for module in named - {""} - copied:
        assert f"{module} {recipe.version(module)} h1:" in known
    for source in recipe.sources:
        assert recipe.version(source.module).startswith("v")
        assert source.checksum.startswith("h1:")
        assert (recipe.folder / "overlay").is_dir()


def test_no_program_is_made_by_two_modules() -> None:
    names = [program.name for program in build.programs()]
    assert len(names) == len(set(names))


def test_a_changed_module_is_another_one_and_the_rest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {recipe.name: recipe.key for recipe in recipes.recipes()}
    shutil.copytree(recipes.recipes()[0].folder.parent, tmp_path / "modules")
    monkeypatch.setattr(recipes, "_MODULES", tmp_path / "modules")
    recipes.recipes.cache_clear()
    assert {recipe.name: recipe.key for recipe in recipes.recipes()} == before
    with (tmp_path / "modules" / "lab-git" / "main.go").open("a") as file:
        file.write("// changed\n")
    recipes.recipes.cache_clear()
    after = {recipe.name: recipe.key for recipe in recipes.recipes()}
    monkeypatch.undo()
    recipes.recipes.cache_clear()
    assert {name for name in before if before[name] != after[name]} == {"lab-git"}


def test_nothing_is_built_where_the_hash_is_there(own_cache: Path) -> None:
    for recipe in recipes.recipes():
        (cache.place(recipe) / "bin").mkdir(parents=True)
    assert build.missing() == ()
    assert build.build(Silent()).keys() == {program.name for program in build.programs()}


def test_a_build_that_was_interrupted_does_not_count_as_built(own_cache: Path) -> None:
    recipe = recipes.recipes()[0]
    half = cache.workshop(recipe) / "done" / "bin"
    half.mkdir(parents=True)
    (half / recipe.binaries[0].name).write_text("half a program")
    assert recipe.binaries[0].name in build.missing()
    assert recipe.binaries[0].name not in build.binaries()


def test_a_program_nobody_knows_is_refused_by_name(own_cache: Path) -> None:
    with pytest.raises(Usage, match="lab-gti"):
        build.build(Silent(), ["lab-gti"])


def test_clean_leaves_nothing_and_says_how_much_that_was(own_cache: Path) -> None:
    own_cache.mkdir()
    (own_cache / "program").write_bytes(b"x" * 100)
    assert build.clean() == 100
    assert not own_cache.exists()
    assert build.clean() == 0


def test_the_compilers_caches_can_go_while_the_programs_stay(own_cache: Path) -> None:
    (cache.compiler() / "build").mkdir(parents=True)
    (cache.compiler() / "build" / "object").write_bytes(b"x" * 100)
    for recipe in recipes.recipes():
        (cache.place(recipe) / "bin").mkdir(parents=True)
    assert build.clean(programs_too=False) == 100
    assert build.missing() == ()
