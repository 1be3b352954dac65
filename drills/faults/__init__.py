"""The drills themselves. Each module has its own as DRILLS; table.py puts them in order."""
