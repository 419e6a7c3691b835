"""What is installed from the wheel works away from the checkout, with all its data.

Only our own package comes from the wheel; what it needs is lent by the environment that runs the tests, so
nothing is downloaded.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, PROJECT, cwd=out)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that holds the wheel."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    scripts = home / "bin"
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    (packages,) = home.glob("lib/python*/site-packages")
    # A plain line adds the folder and nothing more: the .pth file of our own editable install there is not read.
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


def test_the_wheel_carries_the_data_folders(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside, pattern in (
        ("phases", "phases", "*.yaml"),
        ("policies", "policies", "*.hcl"),
        ("profiles", "profiles", "*.yaml"),
        ("docs/runbooks", "runbooks", "*.md"),
        ("examples/tazlab", "examples/tazlab", "**/*.yaml"),
        ("migrate/lab/modules", "lab/modules", "**/*"),
    ):
        for file in filter(Path.is_file, (PROJECT / folder).glob(pattern)):
            assert f"migrate/{inside}/{file.relative_to(PROJECT / folder)}" in names
    assert "migrate/phases/phase1.yaml" in names
    assert "migrate/py.typed" in names


def test_only_our_own_name_is_taken(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"migrate"}


def test_the_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    place = run(installed / "python", "-c", "import migrate; print(migrate.__file__)", cwd=tmp_path)
    assert Path(place.strip()).is_relative_to(installed.parent)


def test_the_phases_are_listed_from_another_folder(installed: Path, tmp_path: Path) -> None:
    assert "phase1" in run(installed / "migrate", "phases", cwd=tmp_path)


def test_the_demo_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "migrate", "demo", "--folder", "demo", cwd=tmp_path)
    assert "ExternalSecrets" in shown
    assert "try next" in shown
