"""What becomes of each difference, and what a run shows of each route."""
