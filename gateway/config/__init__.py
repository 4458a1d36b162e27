"""Read, check and edit the map file."""
