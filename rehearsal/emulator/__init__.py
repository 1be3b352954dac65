"""What the embedded AWS lacks for this architecture, added to it in memory while it runs.

Each module mends one thing and says which; the probes of `tests/probes/` fail when the emulator has grown
a part by itself, so that it can be removed here. This package runs in the emulator's own virtual environment.
"""
