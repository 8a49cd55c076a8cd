"""What is not installed skips a test, and fails it where everything has to be tested."""

import pytest

from tests.support.servers import require_program


@pytest.fixture(autouse=True)
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def test_a_missing_program_skips_the_test_and_names_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LOOPGAUGE_REQUIRE_SERVERS", raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"promtool is not installed.*prometheus"):
        require_program("promtool")


def test_where_servers_are_required_it_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPGAUGE_REQUIRE_SERVERS", "1")

    with pytest.raises(pytest.fail.Exception, match="docker-compose is not installed"):
        require_program("docker-compose")
