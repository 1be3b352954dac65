"""How a deployment under way is shown: the nest as a tree, its durations, the terminal."""
