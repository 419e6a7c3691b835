"""The servers as values, and what they do by themselves: Flux, ESO, Helm, the injector, Vault, PostgreSQL. Pure.

    state        the servers' states, and a working copy of them
    applied      what a commit of the estate asks for
    birth        a new world that an estate implies
    react        what everybody does until nothing is left to do
    flux eso pods agents vault postgres operators    one file for each of them
    certificates logins    what Vault issues and what PostgreSQL makes of it; logins tried out
    writes       what a server makes of a request, or why it refuses
    shown cluster    what an observer sees
    columns      tables with a column that Transit seals, and the application that writes them
    rendered     what a change would make of a pod or a release, without making it
    deeds fields    what somebody else may do: faults, and edits beside us; what can be edited at all
    summary      a world in short, for people

Some things go faster than in reality, so that nobody practises for hours: a static role rotates as soon as everything
that is to live through that is there (pods with ready agents, not rotated since they came), a certificate is renewed as
soon as its pod is ready, and a lease ends with the pod that held it. A pod whose password is dead stops being ready at
once, not when its pool opens the next connection.
"""
