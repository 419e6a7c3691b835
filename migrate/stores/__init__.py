"""Hands, thin: what reads and writes. Each says what happened and decides nothing.

servers      Vault, PostgreSQL and the cluster together, as settings name them
vault, postgres, cluster    each of them, the only place that knows its client
git          commits of the estate's repository
practice     a folder that stands for all servers
lost, certificates    what requests and certificates of any of them have in common

The estate's files:

tree         which there are, and their bytes        checkout     at which commit, and whether changed since
gather, workers, factcache, lastscan    what they say: listed, read by as many processes as help, kept between scans
settings     the operator's own `migrate.yaml`
helm         what a chart makes of values            kustomize    whether the operator's own builds a folder

This tool's own:

runs         the folder of each run                  journal      and its journal
lock         one operator at a time
sessions     sessions beside the runs
exports      an export's folder                     handout      files that people asked for
"""
