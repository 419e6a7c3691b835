"""PostgreSQL: reads its catalogue, runs the statements of `migrate.targets`. The only place that knows the driver.

session     one connection, and what goes wrong with it, by what to do next
catalogue   what the catalogue says of a login
store       logins read and written under guard
columns     columns likewise                         sealed       and their rows, as the sealing job sees them
observer    what checks may look at                  comparing    of a sealed table: numbers only
trial       a login tried out
endpoint    what answers at an address, seen from here
"""
