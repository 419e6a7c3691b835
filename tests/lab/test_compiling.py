"""A build leaves whole modules or nothing, takes nobody else's text on trust, and goes on after an interruption.

The modules here are made up and come from a folder; nothing is downloaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migrate.lab import build, cache, recipes, toolchain
from migrate.lab.compiler import Work
from migrate.model.errors import Failed

MAIN = 'package main\n\nfunc main() { println("made") }\n'
THING = "example.test/thing"


@dataclass
class Told:
    """What a build said, in order."""

    events: list[str] = field(default_factory=list)

    def waits(self) -> None:
        self.events.append("waits")

    def fetches_go(self) -> None:
        self.events.append("fetches go")

    def begins(self, module: str, number: int, total: int, forecast: int) -> None:
        self.events.append(f"begins {module} {number}/{total}")

    def moves(self, module: str, downloads: int, packages: int, seconds: float) -> None:
        """Comes at its own pace."""

    def ends(self, module: str, seconds: float) -> None:
        self.events.append(f"ends {module}")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Go keeps of its own library, so that it is compiled once."""
    return tmp_path_factory.mktemp("go-build")


@pytest.fixture
def modules(tmp_path: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules of this test's own, in front of the lab's."""
    if toolchain.installed((1, 24)) is None:
        pytest.skip("Go is not installed")
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setattr(recipes, "_MODULES", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GOMODCACHE", raising=False)
    monkeypatch.setenv("GOCACHE", str(compiled))
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'proxy'}")
    recipes.recipes.cache_clear()
    yield folder
    recipes.recipes.cache_clear()


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def said(program: Path) -> str:
    """What a program says on stderr, where Go's println goes."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr


def simple(folder: Path, name: str, main: str = MAIN, seconds: int = 1) -> None:
    write(
        folder / name,
        go_mod=f"module lab.test/{name}\n\ngo 1.24\n",
        main_go=main,
        recipe_toml=f'seconds = {seconds}\n\n[binary.{name}]\npackage = "."\n',
    )


def published(proxy: Path) -> str:
    """Publish a module `thing` v1.0.0 in a folder that Go takes for a proxy; returns its checksum."""
    place = proxy / THING / "@v"
    place.mkdir(parents=True)
    (place / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0", "Time": "2024-01-01T00:00:00Z"}))
    files = {
        "go.mod": f"module {THING}\n\ngo 1.24\n",
        "main.go": MAIN.replace('"made"', "said"),
        "said.go": 'package main\n\nvar said = "the original"\n',
        "crds/one.yaml": "kind: CustomResourceDefinition\n",
        "crds/kustomization.yaml": "resources: []\n",
    }
    (place / "v1.0.0.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(place / "v1.0.0.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{THING}@v1.0.0/{name}", text)
    lines = (f"{hashlib.sha256(text.encode()).hexdigest()}  {THING}@v1.0.0/{name}\n" for name, text in files.items())
    joined = "".join(sorted(lines, key=lambda line: line.partition("  ")[2]))
    return "h1:" + base64.b64encode(hashlib.sha256(joined.encode()).digest()).decode()


def changed(folder: Path, checksum: str) -> None:
    write(
        folder / "changed",
        go_mod=f"module lab.test/changed\n\ngo 1.24\n\nrequire {THING} v1.0.0\n\nreplace {THING} => ./source\n",
        overlay__said_go='package main\n\nvar said = "the overlay"\n',
        recipe_toml=f"""seconds = 1
[binary.changed]
package = "{THING}"
module = "{THING}"
[definitions.changed]
modules = ["{THING}"]
folder = "crds"
[[source]]
module = "{THING}"
checksum = "{checksum}"
""",
    )


def test_a_module_becomes_a_program_and_is_not_built_twice(modules: Path) -> None:
    simple(modules, "one")
    told = Told()
    made = build.build(told)
    assert said(made["one"]) == "made\n"
    assert told.events == ["begins one 1/1", "ends one"]
    assert build.build(told) == made
    assert told.events == ["begins one 1/1", "ends one"]


def test_a_module_that_does_not_compile_leaves_nothing_and_the_others_stay(modules: Path) -> None:
    simple(modules, "good", seconds=1)
    simple(modules, "bad", main="package main\n\nfunc main() { nonsense }\n", seconds=2)
    with pytest.raises(Failed, match="bad could not be built") as failed:
        build.build(Told())
    assert "undefined: nonsense" in failed.value.truth
    assert "undefined: nonsense" in Path(failed.value.following.split()[-1]).read_text()
    assert set(build.binaries()) == {"good"}
    assert build.missing() == ("bad",)


def test_a_build_goes_on_after_it_was_stopped_half_way(modules: Path) -> None:
    simple(modules, "one")

    class Impatient(Told):
        def begins(self, module: str, number: int, total: int, forecast: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build.build(Impatient())
    half = cache.workshop(recipes.recipes()[0]) / "done" / "bin"
    half.mkdir(parents=True)
    (half / "one").write_text("half a program")
    assert build.missing() == ("one",)
    assert said(build.build(Told())["one"]) == "made\n"


def test_somebody_elses_module_is_built_with_our_file_in_it(modules: Path, tmp_path: Path) -> None:
    changed(modules, published(tmp_path / "proxy"))
    made = build.build(Told())
    assert said(made["changed"]) == "the overlay\n"
    assert build.programs()[0].version == "v1.0.0"
    assert [file.name for file in build.definitions()["changed"].iterdir()] == ["one.yaml"]


def test_a_module_with_another_checksum_is_refused(modules: Path, tmp_path: Path) -> None:
    true = published(tmp_path / "proxy")
    changed(modules, "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    with pytest.raises(Failed, match="not the module the lab was written for") as failed:
        build.build(Told())
    assert true in failed.value.truth
    assert build.binaries() == {}


def test_a_module_nobody_has_is_named_with_what_the_proxy_said(modules: Path) -> None:
    changed(modules, "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    with pytest.raises(Failed, match="changed could not be built") as failed:
        build.build(Told())
    assert THING in failed.value.truth
    assert THING in Path(failed.value.following.split()[-1]).read_text()


def test_everything_made_can_be_removed_again(modules: Path) -> None:
    simple(modules, "one")
    build.build(Told())
    assert build.clean() > 0
    assert not cache.home().exists()
    assert build.missing() == ("one",)


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("go: downloading k8s.io/api v0.34.3\n", Work(1, 0)),
        ("k8s.io/api/core/v1\n", Work(0, 1)),
        ("# k8s.io/api/core/v1\n", Work(0, 0)),
        ("./main.go:3:15: undefined: nonsense\n", Work(0, 0)),
        ("\n", Work(0, 0)),
    ],
)
def test_progress_counts_downloads_and_packages_and_nothing_else(line: str, counted: Work) -> None:
    assert Work().after(line) == counted
