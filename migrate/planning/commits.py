"""Git steps: edits made on the bytes in memory, named by blob ids, and shown as diffs without literals.

Their file form stands in the plan, and is read back here when the step is made: the same edits on the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.documents.apply import apply_edits
from migrate.documents.diff import unified
from migrate.documents.edits import (
    AddDocument,
    AddKey,
    AppendItem,
    CannotEdit,
    Edit,
    InsertItem,
    RemoveDocument,
    RemoveItem,
    RemoveKey,
    SetScalar,
)
from migrate.documents.files import create_file
from migrate.documents.reader import YamlFault, load_once
from migrate.model.change import FileEdit
from migrate.model.errors import Refused
from migrate.model.json import Json, Pointer, mapping, pointer_text
from migrate.operations.wish import DropFile, FileAct, MakeFile, Rewrite
from migrate.planning.files import Drafts, blob_id
from migrate.planning.masking import literals, without_literals


def edit_file(wish: FileAct, drafts: Drafts) -> FileEdit:
    """Make one file's part of a commit in `drafts`, and say what it was.

    Raises Refused (CannotEdit among them) where the bytes cannot be edited exactly.
    """
    before = drafts.read(wish.file)
    if isinstance(wish, MakeFile):
        return _made_file(wish, before, drafts)
    if before is None:
        raise Refused(f"{wish.file} is not there any more", undone="no plan was made", following="plan again")
    match wish:
        case DropFile():
            after, edits = None, tuple[Json, ...](({"op": "drop-file"},))
        case Rewrite(document=document, edits=wanted):
            try:
                after = apply_edits(before, document, wanted)
            except CannotEdit as error:
                raise error.of(wish.file) from error
            edits = tuple(edit_json(document, edit) for edit in wanted)
    drafts.write(wish.file, after)
    held = literals(before)
    if isinstance(wish, Rewrite) and wish.like:
        held = held.beside(literals(drafts.read(wish.like) or b""))
    diff, masked = without_literals(unified(before, after or b"", wish.file), held)
    return FileEdit(wish.file, blob_id(before), None if after is None else blob_id(after), edits, diff, masked)


def folded(edits: Sequence[FileEdit], texts: Mapping[str, bytes]) -> FileEdit:
    """What one commit does to a file that it edits several times: Git knows the first content and the last one.

    `texts`: contents by blob id.
    """
    first, last = edits[0], edits[-1]
    if len(edits) == 1:
        return first
    before, after = (texts[blob] if blob else b"" for blob in (first.before, last.after))
    diff, masked = without_literals(unified(before, after, first.file), literals(before or after))
    every = tuple(edit for one in edits for edit in one.edits)
    return FileEdit(first.file, first.before, last.after, every, diff, masked)


def _made_file(wish: MakeFile, before: bytes | None, drafts: Drafts) -> FileEdit:
    if before is not None:
        raise Refused(
            f"{wish.file} is there already, and this plan would make it",
            truth="nothing was written",
            undone="no plan was made",
            following=f"take {wish.file} away with what lists it if an earlier move left it, then plan again",
        )
    after = create_file(wish.documents)
    drafts.write(wish.file, after)
    diff, masked = without_literals(unified(b"", after, wish.file), literals(drafts.read(wish.like) or b""))
    edits: tuple[Json, ...] = ({"op": "make-file", "documents": list(wish.documents)},)
    return FileEdit(wish.file, None, blob_id(after), edits, diff, masked)


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
        case InsertItem(sequence, before, value):
            at = pointer_text(sequence)
            return {"op": "insert", "document": document, "pointer": at, "before": before, "value": value}
        case RemoveItem(sequence, identity):
            return {"op": "remove-item", "document": document, "pointer": pointer_text(sequence), "value": identity}
        case RemoveDocument():
            return {"op": "remove-document", "document": document}
        case AddDocument(value):
            return {"op": "add-document", "document": document, "value": value}


def replayed(before: bytes | None, edits: Sequence[Json]) -> bytes | None:
    """The file after edits in their file form; None where they take it away. `before` None: there is none yet.

    Raises CannotEdit where they do not fit these bytes, or are none that this version knows.
    """
    after = before
    for edit in edits:
        match edit:
            case {"op": "make-file", "documents": list(documents)} if after is None:
                after = create_file(documents)
                continue
        if after is None:
            break
        if edit == {"op": "drop-file"}:
            return None
        document, one = _edit(edit, after)
        after = apply_edits(after, document, (one,))
    if after is None:
        raise CannotEdit("there is no such file")
    return after


def _edit(form: Json, data: bytes) -> tuple[int, Edit]:
    match form:
        case {"op": "remove-document", "document": int(document)}:
            return document, RemoveDocument()
        case {"op": "add-document", "document": int(document), "value": value}:
            return document, AddDocument(value)
        case {"op": "insert", "document": int(document), "pointer": str(text), "before": before, "value": value}:
            return document, InsertItem(_pointer(text, _document(data, document)), before, value)
        case {"op": str(operation), "document": int(document), "pointer": str(text)}:
            return document, _edit_at(operation, _pointer(text, _document(data, document)), mapping(form).get("value"))
    raise CannotEdit("an edit that this version does not know")


def _edit_at(operation: str, pointer: Pointer, value: Json) -> Edit:
    match operation, value:
        case "set", None | str() | bool() | int() | float():
            return SetScalar(pointer, value)
        case "add", _ if pointer:
            return AddKey(pointer[:-1], str(pointer[-1]), value)
        case "remove", None:
            return RemoveKey(pointer)
        case "append", _:
            return AppendItem(pointer, value)
        case "remove-item", _:
            return RemoveItem(pointer, value)
    raise CannotEdit(f"an edit that this version does not know ({operation})", pointer)


def _pointer(text: str, value: Json) -> Pointer:
    """A pointer from its text. Only the value it points into tells a list's position from a key made of digits."""
    answer = list[str | int]()
    for token in text.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        position = int(key) if isinstance(value, list) and key.isdecimal() else None
        answer.append(key if position is None else position)
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and position is not None and position < len(value):
            value = value[position]
        else:
            value = None
    return tuple(answer)


def _document(data: bytes, document: int) -> Json:
    try:
        return next((found.value for found in load_once(data) if found.index == document), None)
    except YamlFault as fault:
        raise CannotEdit(f"the file cannot be read as Kubernetes reads it ({fault})") from fault
