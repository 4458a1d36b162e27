"""How a route moves from one backend to the other while clients use it."""
