"""Git steps: edits made on the bytes in memory, named by blob ids, and shown as diffs without literals."""

from __future__ import annotations

from migrate.documents.apply import apply_edits
from migrate.documents.diff import unified
from migrate.documents.edits import AddKey, AppendItem, Edit, RemoveDocument, RemoveItem, RemoveKey, SetScalar
from migrate.model.change import FileEdit
from migrate.model.errors import Refused
from migrate.model.json import Json, pointer_text
from migrate.operations.wish import DropFile, Rewrite
from migrate.planning.files import Drafts, blob_id
from migrate.planning.masking import literals, without_literals


def edit_file(wish: Rewrite | DropFile, drafts: Drafts) -> FileEdit:
    """Make one file's part of a commit in `drafts`, and say what it was.

    Raises Refused (CannotEdit among them) where the bytes cannot be edited exactly.
    """
    before = drafts.read(wish.file)
    if before is None:
        raise Refused(f"{wish.file} is not there any more", undone="no plan was made", following="plan again")
    match wish:
        case DropFile():
            after, edits = None, tuple[Json, ...](({"op": "drop-file"},))
        case Rewrite(_, document, wanted):
            after = apply_edits(before, document, wanted)
            edits = tuple(edit_json(document, edit) for edit in wanted)
    drafts.write(wish.file, after)
    diff, masked = without_literals(unified(before, after or b"", wish.file), literals(before))
    return FileEdit(wish.file, blob_id(before), None if after is None else blob_id(after), edits, diff, masked)


def edit_json(document: int, edit: Edit) -> Json:
    """An edit in its file form. `document` counts from 0."""
    match edit:
        case SetScalar(pointer, value):
            return {"op": "set", "document": document, "pointer": pointer_text(pointer), "value": value}
        case AddKey(parent, key, value):
            return {"op": "add", "document": document, "pointer": pointer_text((*parent, key)), "value": value}
        case RemoveKey(pointer):
            return {"op": "remove", "document": document, "pointer": pointer_text(pointer)}
        case AppendItem(sequence, value):
            return {"op": "append", "document": document, "pointer": pointer_text(sequence), "value": value}
        case RemoveItem(sequence, identity):
            return {"op": "remove-item", "document": document, "pointer": pointer_text(sequence), "value": identity}
        case RemoveDocument():
            return {"op": "remove-document", "document": document}
