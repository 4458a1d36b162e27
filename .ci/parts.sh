# What .ci/run and .ci/full share: a fresh environment with everything that the tests need, and parts that are timed.
# To be sourced with `set -euo pipefail`, from the project's directory.

taken=()    # "seconds name" of each part
closing=()  # pytest's closing line of each part that has one

part() {  # part NAME COMMAND...: run it, keep its seconds and pytest's closing line; a part that fails ends the run
    local name=$1 at=$SECONDS
    shift
    echo "=== $name"
    if ! { "$@" 2>&1; } | tee "$scratch/output"; then
        echo "=== $name: failed after $((SECONDS - at)) s"
        exit 1
    fi
    taken+=("$(printf '%5d s  %s' "$((SECONDS - at))" "$name")")
    closing+=("$(grep -E '^(=+ )?[0-9]+ (passed|failed).* in [0-9.]+s' "$scratch/output" | tail -1 || true)")
}

part_within() {  # part_within BUDGET SECONDS NAME COMMAND...: the part, or a loud word that it no longer fits
    local budget=$1 needed=$2 name=$3
    shift 3
    if [ "$((SECONDS + needed))" -gt "$budget" ]; then
        echo "=== $name: LEFT OUT, for it needs $needed s and $((budget - SECONDS)) are left; .ci/full runs it"
        taken+=("left out  $name")
    else
        part "$name" "$@"
    fi
}

report() {  # what took how long, then pytest's own last words
    printf '%s\n' "" "${taken[@]}" "$(printf '%5d s  all' "$SECONDS")" ""
    printf '%s\n' "${closing[@]}" | grep . || true
}

install_system_packages() {
    local packages=()
    command -v chromium >/dev/null || packages+=(chromium)
    command -v curl >/dev/null || packages+=(curl)
    command -v chromedriver >/dev/null || packages+=(chromium-driver)
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    [ "${#packages[@]}" -gt 0 ] || return 0
    local root=""
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends "${packages[@]}"
}

# On every CPU, the tests of a file on one. An option and not PYTEST_ADDOPTS, which the pytest of a test would get too.
pytest_on_all_cpus() { command pytest -q -n auto --dist loadfile --no-loadscope-reorder "$@"; }

readme_command_2() {  # with what a laptop may lack required: a run without those tests fails (tests/support/required.py)
    local install_and_test
    install_and_test=$(sed -n '/<!-- command 2 -->/,/```$/p' README.md | sed -n '/^```sh$/,/^```$/p' | sed '/^```/d')
    [ -n "$install_and_test" ] || { echo "README.md has no command 2"; return 1; }
    pytest() { pytest_on_all_cpus "$@"; }
    GATEWAY_REQUIRE=postgresql,browser eval "$install_and_test"
}

lint() { ruff check . && ruff format --check . && mypy && lint-imports --no-cache; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
part "system packages" install_system_packages
python3.11 -m venv "$scratch/venv"
export PATH="$scratch/venv/bin:$PATH"
export PYTEST_DEBUG_TEMPROOT="$scratch"  # pytest removes the directories of runs beside it, where it shares their root
part "the project and its tools" pip install --quiet --editable '.[test]'
part "lint, format, types, layers" lint
part "README, command 2" readme_command_2
