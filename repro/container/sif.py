"""Reads a SIF file, Apptainer's image format, without Apptainer.

A SIF is a header, a table of descriptors and the data that they describe; all numbers are
little-endian and nothing is padded. The layout is that of the types `header`, `rawDescriptor` and
`partition` in pkg/sif/sif.go and descriptor.go of https://github.com/apptainer/sif (version 2).

The header differs between two builds of the same input (a random id, times). Programs see only the
squashfs partition, so its hash identifies an image.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from repro.errors import UserError
from repro.files import reading

_HEADER = struct.Struct("<32s10s3s3s16s8q")
"""Launch line, magic, version, architecture, id, then eight numbers (`_DESCRIPTORS` is two)."""

_MAGIC = b"SIF_MAGIC\0"
_TOTAL, _AT = 8, 9
"""Positions in the header: the number of descriptor slots, and the offset of the first."""

_DESCRIPTOR = struct.Struct("<i?3I7q128s384s")
"""Type, in use, id, group, link, offset, size, size with padding, two times, owner, group, name,
and data that depend on the type."""

_PARTITION = struct.Struct("<ii")
"""Data of a partition: its file system and its purpose."""

_TYPE_PARTITION, _TYPE_SIGNATURE, _TYPE_JSON = 0x4004, 0x4005, 0x4006
_SQUASHFS, _PRIMARY = 1, 2
_MOST_DESCRIPTORS = 10_000
"""Apptainer makes 48; a file with more than this is damaged."""

_METADATA = "inspect-metadata.json"
"""Apptainer's name for an image's labels, as JSON."""

_CHUNK = 1 << 20


class _Part(NamedTuple):
    kind: int
    offset: int
    size: int
    name: str
    extra: bytes


def squashfs_sha256(path: Path) -> str:
    """Return the SHA-256, hexadecimal, of the file system that programs in the image `path` see.

    Raises:
        UserError: the file cannot be read, is not a SIF, is truncated, or has no squashfs.
    """
    with reading(path), path.open("rb") as stream:
        for part in _parts(stream, path):
            if part.kind == _TYPE_PARTITION:
                system, purpose = _PARTITION.unpack_from(part.extra)
                if (system, purpose) == (_SQUASHFS, _PRIMARY):
                    return _sha256(stream, part, path)
    raise UserError(f"{path}: contains no squashfs; build it again with `repro image build`")


def labels(path: Path) -> dict[str, str]:
    """Return the labels of the image `path`.

    Raises:
        UserError: the file cannot be read, is not a SIF, or was not built by Apptainer.
    """
    with reading(path), path.open("rb") as stream:
        for part in _parts(stream, path):
            if part.kind == _TYPE_JSON and part.name == _METADATA:
                return _labels_in(json.loads(b"".join(_chunks(stream, part, path))), path)
    raise UserError(f"{path}: has no labels; build it again with `repro image build`")


def is_signed(path: Path) -> bool:
    """True if the image `path` has a signature, by anyone.

    Raises:
        UserError: the file cannot be read or is not a SIF.
    """
    with reading(path), path.open("rb") as stream:
        return any(part.kind == _TYPE_SIGNATURE for part in _parts(stream, path))


def _parts(stream: BinaryIO, path: Path) -> Iterator[_Part]:
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or (fields := _HEADER.unpack(head))[1] != _MAGIC:
        raise UserError(f"{path}: not an Apptainer image (SIF); make one with `repro image build`")
    total, start = fields[_TOTAL], fields[_AT]
    if not 0 <= total <= _MOST_DESCRIPTORS or start < _HEADER.size:
        raise _damaged(path)
    for number in range(total):
        stream.seek(start + number * _DESCRIPTOR.size)
        raw = stream.read(_DESCRIPTOR.size)
        if len(raw) < _DESCRIPTOR.size:
            raise _damaged(path)
        kind, used, _, _, _, offset, size, *_, name, extra = _DESCRIPTOR.unpack(raw)
        if used:
            yield _Part(kind, offset, size, name.rstrip(b"\0").decode(errors="replace"), extra)


def _labels_in(metadata: Any, path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = metadata["data"]["attributes"]["labels"]
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error
    return found


def _sha256(stream: BinaryIO, part: _Part, path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(stream, part, path):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(stream: BinaryIO, part: _Part, path: Path) -> Iterator[bytes]:
    if part.offset < 0 or part.size < 0:
        raise _damaged(path)
    stream.seek(part.offset)
    left = part.size
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise _damaged(path)
        left -= len(chunk)
        yield chunk


def _damaged(path: Path) -> UserError:
    return UserError(f"{path}: damaged or truncated; copy or build the image again")
