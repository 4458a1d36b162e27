"""Two observations, place by place: every difference between them."""
