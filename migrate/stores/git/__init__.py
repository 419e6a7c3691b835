"""The repository's hands: what a commit holds, and one commit for one step.

From what the engine calls down to single commands:

    store         read, write, observe: the ports
    observing     whether a step, or its way back, stands in what is deployed
    forward       a step becomes a commit
    backward      and is taken back: dropped, or reverted as far as it is still ours
    building      one commit, with the repository's hooks, filters, signing and identity
    promised      it is built over all that Flux applies before it is published, and does what the plan says
    room          the private worktree it is built in
    publishing    one guarded `update-ref`
    scene         one look: repository, plan, branches
    branches      the plan's branch, the way back's, the deployed one; what of them is merged
    chain         the versions of a file that a plan leads through, and where the file stands among them
    merging       three versions of a file put together
    message       what the commits say
    outcome       why a step was not written
    repository    where things lie, what a commit holds
    commit_tree   the estate's files as a commit has them
    command       runs git, without what the surroundings would make of it

Git itself, not a library: hooks, signing, filters, worktrees and every odd layout are then as people know them
(docs/adr/0004-git-by-its-own-commands.md). Nothing here touches anybody's checkout, index, HEAD or stash.
"""
