"""What the operator sees: the only place that prints. Results go to stdout, progress and problems to stderr."""
