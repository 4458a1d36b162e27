"""Find every difference between two observations."""
