"""The command line: one module a command, which parses, calls, prints and exits; views say how values look."""
