"""Whether a deployment would work from here: each check a pure function from answers to findings."""
