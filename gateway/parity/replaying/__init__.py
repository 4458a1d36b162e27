"""The sides: processes with a state of their own, asked alike and watched."""
