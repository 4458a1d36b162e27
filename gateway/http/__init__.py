"""HTTP messages as values, parsed in one place."""
