"""Phases that give a database login a certificate: the release, who issues, and who admits."""
