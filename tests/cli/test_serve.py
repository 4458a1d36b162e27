"""Options of `gateway serve`: those of the servers whose place it takes work here too, or say what to write instead."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import cli

NOTHING_SERVED = "no-map.toml"


def run(*arguments: str, **env: str) -> Result:
    """The command with a map that is not there: who reads that far has taken the options."""
    return CliRunner().invoke(cli, ["--map", NOTHING_SERVED, "serve", *arguments], env=env)


def is_taken(done: Result) -> bool:
    return NOTHING_SERVED in str(done.exception) and type(done.exception).__name__ == "MapError"


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--timeout-graceful-shutdown", "3"], {}),
        (["--graceful-timeout", "3"], {}),
        (["--timeout-keep-alive", "75"], {}),
        (["--limit-concurrency", "100"], {}),
        (["--proxy-headers"], {}),
        (["--no-proxy-headers"], {}),
        (["--uds", "gateway.sock"], {}),
        (["--fd", "3"], {}),
        (["--host", "::1", "--port", "0"], {}),
        (["--forwarded-allow-ips", "*"], {}),
        (["--forwarded-allow-ips", "10.0.0.0/8, 127.0.0.1,::1,fd00::/8"], {}),
        (["--forwarded-allow-ips", "10.0.0.1,"], {}),
        (["--forwarded-allow-ips", ""], {}),
        ([], {"PORT": "8080", "WEB_CONCURRENCY": "4", "FORWARDED_ALLOW_IPS": "*"}),
        ([], {"PORT": "", "WEB_CONCURRENCY": "", "FORWARDED_ALLOW_IPS": ""}),
        (["--port", "8000", "--workers", "1"], {"PORT": "x", "WEB_CONCURRENCY": "x"}),
    ],
)
def test_options_and_variables_that_other_servers_have(arguments: list[str], env: dict[str, str]) -> None:
    assert is_taken(run(*arguments, **env))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ssl-keyfile", "key.pem"], "--ssl-keyfile; TLS ends at the proxy in front"),
        (["--ssl-certfile=cert.pem"], "--ssl-certfile; TLS ends at the proxy in front"),
        (["--reload"], "--reload; the map is followed as it is; for code, run `uvicorn --reload asgi:app`"),
        (["--reload-dir", "src"], "--reload-dir; the map is followed as it is"),
        (["--bind", ":8000"], "--bind; write --host and --port, --uds or --fd"),
        (["-b", ":8000"], "-b; write --host and --port, --uds or --fd"),
        (["-w", "4"], "-w; write --workers"),
        (["-k", "gthread"], "-k; one kind of worker serves both apps"),
        (["--worker-class", "gthread"], "--worker-class; one kind of worker serves both apps"),
        (["--threads", "8"], "--threads; the map says how many views run at once: `workers` under [bridge]"),
        (["--keep-alive", "5"], "--keep-alive; write --timeout-keep-alive"),
        (["--timeout", "30"], "--timeout; write --graceful-timeout"),
    ],
)
def test_an_option_that_is_not_here_says_what_to_do(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert f"Error: No such option: {said}" in done.output


def test_an_option_that_nobody_has_is_told_as_ever() -> None:
    done = run("--what-is-this")
    assert (done.exit_code, "No such option" in done.output, ";" in done.output) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ([], {"PORT": "http"}, "Invalid value for '--port' (env var: 'PORT'): 'http' is not a valid integer"),
        ([], {"PORT": "70000"}, "Invalid value for '--port' (env var: 'PORT'): 70000 is not in the range"),
        ([], {"WEB_CONCURRENCY": "0"}, "Invalid value for '--workers' (env var: 'WEB_CONCURRENCY'): 0 is not in"),
        ([], {"FORWARDED_ALLOW_IPS": "proxy"}, '"proxy" is no address of a proxy; write addresses and networks'),
        (["--forwarded-allow-ips", "10.0.0.1/8"], {}, '"10.0.0.1/8" is no address of a proxy'),
        (["--forwarded-allow-ips", "10.0.0.1,*"], {}, '"*" is no address of a proxy'),
        (["--forwarded-allow-ips", "10.0.0.1 10.0.0.2"], {}, '"10.0.0.1 10.0.0.2" is no address of a proxy'),
        (["--fd", "-1"], {}, "-1 is not in the range"),
        (["--fd", "3", "--uds", "a.sock"], {}, "--uds and --fd are two places to listen; give one"),
        (["--limit-concurrency", "0"], {}, "0 is not in the range"),
        (["--timeout-keep-alive", "-1"], {}, "-1 is not in the range"),
    ],
)
def test_a_value_that_cannot_work_is_told(arguments: list[str], env: dict[str, str], said: str) -> None:
    done = run(*arguments, **env)
    assert done.exit_code == 2
    assert said in done.output
