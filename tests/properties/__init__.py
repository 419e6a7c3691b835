"""What holds whatever is typed, in any order, by anybody, and whenever a process dies."""
