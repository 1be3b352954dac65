"""What runs: the servers and tiers that a drill starts, and the lines between them."""
