"""Values that everything else speaks in. Knows no file, clock, server or terminal."""
