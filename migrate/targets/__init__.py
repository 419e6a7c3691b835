"""One file per kind of target: how its state compares, and how a change to it reads as statements or requests.

Pure. Knows no store; planning, engine and stores all ask here, so that a change has one rendering.
"""
