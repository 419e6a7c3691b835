"""The repository's hands: what a commit holds, and one commit for one step.

    command       runs git, without what the surroundings would make of it
    commit_tree   the estate's files as a commit has them

Plumbing commands only, on refs and objects. Nothing here touches anybody's checkout, index, HEAD or stash.
"""
