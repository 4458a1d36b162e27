"""A run for people and for programs."""
