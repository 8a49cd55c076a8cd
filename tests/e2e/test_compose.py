"""The files for docker, as far as they can be judged without a docker daemon."""

import fnmatch
import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.collector import RunningCollector, serving
from tests.support.program import ROOT
from tests.support.prometheus import promtool
from tests.support.servers import free_port, require_program

COMPOSE = ROOT / "docker-compose.yml"
SCRAPES = ROOT / "deploy" / "prometheus.yml"


def services() -> dict[str, Any]:
    """The services as the file has them."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines as (instruction, rest), continued lines joined."""
    text = (ROOT / "collector" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    split = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [(name, rest.strip()) for name, _, rest in split]


def copied() -> list[str]:
    """Everything that the Dockerfile copies out of the repository."""
    return [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    ]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector with the environment that the file gives it."""
    settings = services()["collector"]["environment"]
    with serving(tmp_path_factory.mktemp("compose"), **settings) as running:
        yield running


def test_docker_compose_accepts_the_file() -> None:
    done = subprocess.run(
        [require_program("docker-compose"), "-f", str(COMPOSE), "config"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert set(yaml.safe_load(done.stdout)["services"]) == {"collector", "prometheus"}


def test_ports_are_published_on_loopback_alone() -> None:
    ports = [port for service in services().values() for port in service["ports"]]

    assert sorted(ports) == ["127.0.0.1:4318:4318", "127.0.0.1:9090:9090"]


def test_services_come_back_and_images_are_pinned() -> None:
    for name, service in services().items():
        tag = service["image"].rpartition(":")[2]
        assert tag.lstrip("v").replace(".", "").isdigit(), name
        assert service["restart"] == "unless-stopped", name
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert all("slim" in base and base.split(":")[1].count(".") == 2 for base in bases)


def test_every_mounted_file_exists_and_every_volume_is_declared() -> None:
    declared = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"]

    for service in services().values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in declared or (ROOT / source).is_file(), volume


def test_the_collector_knows_every_option_of_its_command() -> None:
    command = services()["collector"]["command"]
    shown = subprocess.run(
        [sys.executable, "-m", "loopgauge_cli.main", command[0], "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "NO_COLOR": "1"},
    )

    options = [word for word in command if word.startswith("--")]
    assert options
    assert [option for option in options if option not in shown.stdout.split()] == []


@pytest.mark.parametrize(
    "config", [SCRAPES, ROOT / "examples" / "video_service" / "prometheus.yml"], ids=str
)
def test_promtool_accepts_the_configuration(config: Path) -> None:
    done = promtool("check", "config", str(config))

    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_asks_the_collector_under_a_name_that_it_answers_to(
    collector: RunningCollector,
) -> None:
    config = yaml.safe_load(SCRAPES.read_text(encoding="utf-8"))
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    name, _, port = target.partition(":")

    assert services()["collector"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert name in services()
    assert collector.client.get("/metrics", headers={"host": target}).status_code == 200
    assert collector.client.get("/metrics", headers={"host": "other:4318"}).status_code >= 400


def test_the_health_check_tells_a_live_collector_from_none(collector: RunningCollector) -> None:
    (check,) = (rest for name, rest in instructions() if name == "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])

    def healthy(address: str) -> bool:
        asked = [word.replace("127.0.0.1:4318", address) for word in command[1:]]
        assert asked != command[1:]
        done = subprocess.run([sys.executable, *asked], capture_output=True, check=False)
        return done.returncode == 0

    assert healthy(collector.address)
    assert not healthy(f"127.0.0.1:{free_port()}")


def test_the_image_is_built_from_what_the_wheel_needs_and_runs_without_rights() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    sources = copied()

    assert {package.split("/")[0] for package in packages} <= set(sources)
    assert {"pyproject.toml", "uv.lock", project["project"]["readme"]} <= set(sources)
    assert all((ROOT / source).exists() for source in sources)
    assert ("USER", "loopgauge") in instructions()


def test_docker_sees_what_is_copied_and_no_data() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    def is_sent(path: str) -> bool:
        sent = True
        for rule in (line for line in rules if line and not line.startswith("#")):
            if fnmatch.fnmatchcase(path, rule.lstrip("!")):
                sent = rule.startswith("!")
        return sent

    assert all(is_sent(source) for source in copied())
    assert not any(map(is_sent, ("loopgauge-data", ".git", ".venv", ".env", "tests")))
