"""Who comes: clients that remember what they were told, crowds, and those who mean ill."""
