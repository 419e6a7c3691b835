"""One file for each kind of change an operator would name: facts in, wishes out. Never an inverse, never a store."""
