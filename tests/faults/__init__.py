"""The tool on real servers that break, are edited by others, or lose their answers."""
