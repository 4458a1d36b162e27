"""Replace secrets in messages before anything is written."""
