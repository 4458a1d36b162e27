"""`python -m gateway` is the `gateway` command."""

from .cli.main import main

main()
