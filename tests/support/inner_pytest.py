"""A pytest run of one file with our fixtures and plugins, to see what they say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.servers import ROOT

# A machine that has neither PostgreSQL nor Chromium; nothing at all is on its PATH.
BARE = "from pathlib import Path\nimport tests.support.postgresql\ntests.support.postgresql.DEBIAN = Path('nowhere')\n"


def run_pytest(directory: Path, test: str, *arguments: str, require: str = "", bare: bool = False) -> tuple[int, str]:
    """Return the exit code and the output; `require` is what GATEWAY_REQUIRE names."""
    (directory / "test_it.py").write_text(test)
    (directory / "conftest.py").write_text(BARE if bare else "")
    env = {
        **os.environ,
        "COLUMNS": "200",
        "PYTHONPATH": str(ROOT),
        "GATEWAY_REQUIRE": require,
        **({"PATH": ""} if bare else {}),
    }
    options = ("-p", "tests.conftest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".")
    command = (sys.executable, "-m", "pytest", "-n", "0", *options, *arguments, "test_it.py")
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
