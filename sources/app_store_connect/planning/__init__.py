"""What is asked for, what Apple lists of it, and which instances are due."""
