"""Read, write, record, import and link cases."""
