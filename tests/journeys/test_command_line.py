"""What the command line says when it is set up wrongly: which setting, what it takes, and no more."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests import postgres
from tillgate import cli

DATABASE = "TILLGATE_DATABASE (--database)"


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    clean = {f"TILLGATE_{name}": "" for name in ("HOST", "PORT", "DATA", "DATABASE", "WORKERS", "LOG")}
    return CliRunner().invoke(cli.main, arguments, env={**clean, **(environment or {})})


def assert_refused(result: Result, said: str) -> None:
    """Refused as a usage error, in one sentence, without a traceback."""
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert "secret" not in result.output


WRONG = [
    ({"TILLGATE_PORT": "http"}, "TILLGATE_PORT takes a whole number"),
    ({"TILLGATE_PORT": "８０００"}, "TILLGATE_PORT takes a whole number"),
    ({"TILLGATE_PORT": "9" * 5_000}, "TILLGATE_PORT takes a whole number"),
    ({"TILLGATE_PORT": "65536"}, "TILLGATE_PORT (--port) takes a port from 0 to 65535"),
    ({"TILLGATE_WORKERS": "0"}, "TILLGATE_WORKERS (--workers) takes a number from 1"),
    ({"TILLGATE_WORKERS": "two"}, "TILLGATE_WORKERS takes a whole number"),
    ({"TILLGATE_WORKERS": "2"}, "several workers need PostgreSQL: set TILLGATE_DATABASE (--database)"),
    ({"TILLGATE_LOG": "loud"}, "TILLGATE_LOG takes one of debug, info, warning, error"),
    ({"TILLGATE_DATABASE": "mysql://u:secret@h/x"}, f"{DATABASE} takes a postgresql:// URL"),
    ({"TILLGATE_DATABASE": "postgresql://u:secret@h:port/x"}, f"{DATABASE} has an address or a port that cannot"),
    ({"TILLGATE_DATABASE": "postgresql://u:secret@127.0.0.1:1/x"}, f"cannot use the database at {DATABASE}: "),
    ({"TILLGATE_TRUSTED_PROXIES": "10.0.0.0/8, gateway"}, "TILLGATE_TRUSTED_PROXIES takes IP addresses and networks"),
    ({"TILLGATE_METRICS_FROM": "everybody"}, "TILLGATE_METRICS_FROM takes IP addresses and networks"),
    ({"TILLGATE_KEY_ENCRYPTION_KEY": "secret"}, "TILLGATE_KEY_ENCRYPTION_KEY"),
    ({"TILLGATE_BANK_FAULTS": "latency=1"}, "TILLGATE_BANK_FAULTS: latency"),
    (
        {"TILLGATE_SANDBOX_BANK_URL": "http://127.0.0.1:8001/", "TILLGATE_SANDBOX_BANK_SECRET": "secret"},
        "TILLGATE_SANDBOX_BANK_URL takes an address without a path",
    ),
    ({"TILLGATE_SANDBOX_BANK_URL": "http://127.0.0.1:8001"}, "needs TILLGATE_SANDBOX_BANK_SECRET"),
    (
        {"TILLGATE_SMTP_URL": "smtps://u:secret@m.de"},
        "TILLGATE_SMTP_URL and TILLGATE_MAIL_FROM are set together",
    ),
    (
        {"TILLGATE_SMTP_URL": "http://u:secret@m.de", "TILLGATE_MAIL_FROM": "a@b.de"},
        "TILLGATE_SMTP_URL: it takes",
    ),
    (
        {"TILLGATE_SMTP_URL": "smtp://m.de", "TILLGATE_MAIL_FROM": "shop"},
        "TILLGATE_MAIL_FROM takes the address",
    ),
    ({"TILLGATE_HOST": "nowhere.invalid"}, "nowhere.invalid:0 (TILLGATE_HOST, TILLGATE_PORT)"),
]


@pytest.mark.parametrize(("environment", "said"), WRONG, ids=lambda value: str(value)[:48])
def test_a_wrong_setting_is_named_with_what_it_takes(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    environment = {"TILLGATE_DATA": str(tmp_path / "data"), "TILLGATE_PORT": "0", **environment}
    assert_refused(run("serve", environment=environment), said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "http"), "--port"),
        (("--port", "70000"), "TILLGATE_PORT (--port) takes a port from 0 to 65535"),
        (("--workers", "-1"), "TILLGATE_WORKERS (--workers) takes a number from 1"),
        (("--database", "sqlite:///x"), f"{DATABASE} takes a postgresql:// URL"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    assert_refused(run("serve", "--data", str(tmp_path), *arguments), said)


def test_an_option_goes_before_the_environment(tmp_path: Path) -> None:
    result = run("serve", "--port", "70000", environment={"TILLGATE_PORT": "http", "TILLGATE_DATA": str(tmp_path)})
    assert_refused(result, "takes a port from 0 to 65535")


@pytest.mark.parametrize("command", ["serve", "migrate", "audit"])
def test_data_that_cannot_be_had_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("not a directory")
    result = run(command, "--data", str(tmp_path / "file"))
    assert result.exit_code == 2
    assert str(tmp_path / "file") in result.output


def test_an_audit_makes_nothing(tmp_path: Path) -> None:
    assert_refused(run("audit", "--data", str(tmp_path / "none")), f"there is no database in {tmp_path / 'none'}")
    assert list(tmp_path.iterdir()) == []


def test_an_audit_of_an_empty_database_says_what_to_do(postgres_url: str) -> None:
    assert_refused(run("audit", "--database", postgres_url), "run `tillgate migrate`")
    migrated = run("migrate", "--database", postgres_url)
    assert (migrated.exit_code, migrated.stdout) == (0, "The database has the schema of this release.\n")
    audited = run("audit", "--database", postgres_url)
    assert (audited.exit_code, audited.stdout) == (0, "The books are right.\n")


@pytest.mark.parametrize("command", ["serve", "migrate", "audit"])
def test_a_database_that_is_not_there_is_told_without_its_address(
    postgres_cluster: postgres.Cluster, tmp_path: Path, command: str
) -> None:
    address = postgres_cluster.url("nowhere").replace("tillgate@", "tillgate:secret@")
    result = run(command, "--database", address, "--data", str(tmp_path))
    assert_refused(result, f'cannot use the database at {DATABASE}: database "nowhere" does not exist')


def test_a_database_can_be_migrated_twice(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("migrate", "--data", str(tmp_path)).exit_code == 0
    assert run("audit", "--data", str(tmp_path)).stdout == "The books are right.\n"


def test_the_commands_explain_themselves() -> None:
    for command in ((), ("serve",), ("migrate",), ("audit",)):
        assert run(*command, "--help").exit_code == 0
    said = run("serve", "--help").output
    for name in ("TILLGATE_HOST", "TILLGATE_PORT", "TILLGATE_WORKERS", "TILLGATE_DATA", "TILLGATE_DATABASE"):
        assert name in said
    assert run("--version").output.startswith("tillgate, version ")


def test_the_bank_alone_needs_the_secret_and_an_address_that_is_free(tmp_path: Path) -> None:
    where = {"TILLGATE_DATA": str(tmp_path / "data")}
    assert_refused(run("sandbox-bank", environment=where), "the bank needs TILLGATE_SANDBOX_BANK_")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        shared = {**where, "TILLGATE_SANDBOX_BANK_SECRET": "shared"}
        assert_refused(run("sandbox-bank", "--port", port, environment=shared), f"cannot serve from 127.0.0.1:{port}: ")
