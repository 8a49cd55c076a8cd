"""The built wheel, in an environment that has nothing else, does what the repository does."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.program import ROOT, Program

UV = Path(sys.executable).with_name("uv")


def uv(*arguments: str, cwd: Path) -> None:
    """Run uv; without a network there may be nothing to build or install with."""
    done = subprocess.run(
        [str(UV), *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    if os.environ.get("LOOPGAUGE_REQUIRE_SERVERS") == "1" or "connect" not in done.stderr:
        pytest.fail(done.stderr)
    pytest.skip("needs a package index, which is out of reach")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--wheel", "--out-dir", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_every_package(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = [
        ROOT / name for name in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ]
    wanted = {
        str(path.relative_to(package.parent))
        for package in packages
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert held == wanted
    assert {
        "loopgauge_catalog/tables/ytempire.yaml",
        "loopgauge_collector/web/templates/page.html",
    } <= held


def test_the_demo_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    uv("venv", "--quiet", "--python", sys.executable, "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    install = ("pip", "install", "--quiet", "--python", str(python))
    uv(*install, f"loopgauge[collector] @ {wheel.as_uri()}", cwd=tmp_path)
    (tmp_path / "tmp").mkdir()
    program = Program(
        [str(python.with_name("loopgauge")), "demo", "--days", "1", "--live-seconds", "1"],
        tmp_path / "demo.log",
        {"TMPDIR": str(tmp_path / "tmp")},
        cwd=tmp_path,
    )

    code = program.wait(180)

    assert code == 0, program.tail()
    assert "everything is stored and computed" in program.tail(60)
    assert "Traceback" not in program.tail(200)
    assert list((tmp_path / "tmp").iterdir()) == []
