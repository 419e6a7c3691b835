"""PostgreSQL: reads its catalogue, runs the statements of `migrate.targets.sql`. The only place that knows the driver.

session     one connection, and what goes wrong with it, by what to do next
catalogue   what the catalogue says of a login
store       logins read and written under guard
observer    what checks may look at
endpoint    what answers at an address, seen from here
"""
