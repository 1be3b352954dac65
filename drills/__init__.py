"""Drills: faults put into the running parts, under load, and what must hold then. `make drills`."""
