"""One suite for every store and kind of target: on the practice world and on real servers."""
