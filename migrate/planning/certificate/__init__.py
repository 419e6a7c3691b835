"""Cases of kind `certificate`: a database login that gets a certificate. Who issues it, and who admits it.

case         the case
today        how a release has its password until then
rules        who owns PostgreSQL's host-based rules
ingress      certificates of Ingresses, handed to cert-manager
names        what its checks ask for
remarks      what must be known before               notes        and what stays true after
"""
