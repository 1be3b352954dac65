"""Made-up bad input, for the application's routes and for what operators type: every run of a seed is the same."""
