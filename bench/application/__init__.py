"""The application under load, beside the least that could do its work and beside an idiomatic one.

`python -m bench.application` says how; docs/performance-application.md what was learned.
"""
