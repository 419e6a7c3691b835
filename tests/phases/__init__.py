"""Every phase on every estate that it can be planned on: there, back, and there to the end."""
