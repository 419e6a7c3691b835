"""Tests of `migrate.planning.secrets`."""
