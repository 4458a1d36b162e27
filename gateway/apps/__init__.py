"""Load both apps and read what they have: routes, hooks, layers; find what is wrong between them and the map."""
