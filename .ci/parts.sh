# What .ci/run and .ci/full share: a fresh environment with everything that the tests need, and parts that are timed.
# To be sourced with `set -euo pipefail`, from the project's directory; `budget` is the seconds for all, or nothing.

taken=()    # "seconds name" of each part
closing=()  # pytest's closing line of each part that has one

part() {  # part SECONDS NAME COMMAND...: run what takes some SECONDS, within the budget or not at all; a failure ends all
    local needed=$1 name=$2 at=$SECONDS status=0 limit=()
    shift 2
    if [ -n "$budget" ]; then
        if [ $((at + needed)) -gt "$budget" ]; then
            echo "=== $name: LEFT OUT, for it takes $needed s and $((budget - at)) s are left; .ci/full runs it"
            taken+=("left out  $name")
            return
        fi
        limit=(timeout --kill-after 15 $((budget - at)))
    fi
    echo "=== $name"
    "${limit[@]}" bash -euo pipefail -c '"$@"' "$name" "$@" 2>&1 | tee "$scratch/output" || status=$?
    taken+=("$(printf '%5d s  %s' $((SECONDS - at)) "$name")")
    closing+=("$(grep -E '^(=+ )?([0-9]+ [a-z]+, )*[0-9]+ [a-z]+ in [0-9.]+s' "$scratch/output" | tail -1 || true)")
    if [ "$status" -ne 0 ]; then
        report
        echo "=== $name: FAILED with $status$([ "$status" -ne 124 ] || echo ", out of time")"
        exit 1
    fi
}

report() {  # what took how long, then pytest's own last words
    printf '%s\n' "" "${taken[@]}" "$(printf '%5d s  all' "$SECONDS")" ""
    printf '%s\n' "${closing[@]}" | grep . || true
}

system_packages() {
    local packages=() root=""
    command -v chromium >/dev/null || packages+=(chromium)
    command -v chromedriver >/dev/null || packages+=(chromium-driver)
    command -v curl >/dev/null || packages+=(curl)
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    [ "${#packages[@]}" -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -q
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends "${packages[@]}"
}

environment() {
    python3.11 -m venv "$scratch/venv"
    pip install --quiet --editable '.[test]'
}

lint() {
    ruff check .
    ruff format --check .
    mypy
    lint-imports --no-cache
}

readme_command_2() {
    local command
    command=$(sed -n '/<!-- command 2 -->/,/```$/p' README.md | sed -n '/^```sh$/,/^```$/p' | sed '/^```/d')
    eval "${command:?README.md has no command 2}"
}

lowest_versions() {  # the wheel in an environment of its own, beside the oldest pins that it promises to bear
    local wheel
    pip wheel --quiet --no-deps --wheel-dir "$scratch/wheel" .
    wheel=$(echo "$scratch"/wheel/*.whl)
    python3.11 -m venv "$scratch/lowest"
    PATH="$scratch/lowest/bin:$PATH"
    pip install --quiet --constraint .ci/floors.txt "$wheel"
    pip check
    .ci/smoke
    # What these tests import, of [test] and [samples]: all of both asks for newer versions.
    pip install --quiet --constraint .ci/floors.txt "$wheel[strangers]" alembic flask-cors 'gunicorn==27.0.*' httpx hypothesis 'psycopg[binary]' \
        psycopg2-binary pytest pytest-xdist python-multipart selenium starlette
    # Of the lowest versions, some use what is deprecated by now: a warning is no error here.
    pytest -W default -m "not process" tests/test_dependencies.py tests/routing tests/apps tests/config tests/bridge \
        tests/serving tests/rollout tests/store tests/evidence
    pytest -W default -m process tests/serving/test_http_protocol.py tests/serving/test_uvicorn_server.py
    pytest -W default tests/strangers
}

newer_pythons() {  # the loop of seconds on each newer Python that the machine has
    local python none=1
    for python in python3.12 python3.13 python3.14; do
        "$python" -c "" 2>/dev/null || continue
        none=
        echo "--- $python"
        "$python" -m venv "$scratch/$python"
        "$scratch/$python/bin/pip" install --quiet --editable '.[test]'
        "$scratch/$python/bin/python" -m pytest -m "not process"
    done
    [ -z "$none" ] || echo "no newer Python was there: neither python3.12 nor python3.13 nor python3.14"
}

export -f system_packages environment lint readme_command_2 lowest_versions newer_pythons

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export scratch PATH="$scratch/venv/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE  # as on anybody's machine: each process that a test starts would compile all it imports
export PYTEST_DEBUG_TEMPROOT="$scratch"  # pytest removes the directories of runs beside it, where it shares their root

part 90 "system packages" system_packages
part 60 "environment, of the newest versions" environment
part 60 "lint, format, types, layers" lint
# With what a laptop may lack required: a run without those tests fails (tests/support/required.py).
part 300 "README, command 2, on the newest versions" env GATEWAY_REQUIRE=postgresql,browser bash -euo pipefail -c readme_command_2
part 200 "lowest versions: the wheel, plain, and a part of the tests" lowest_versions
part 120 "newer Pythons" newer_pythons
part 120 "the samples' database on PostgreSQL" env GATEWAY_REQUIRE=postgresql pytest --store postgresql -m store
