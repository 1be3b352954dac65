"""What an update of the nest does: replaces, changes in place, interrupts, loses; told from two versions of it."""
