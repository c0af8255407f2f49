"""Reading Apptainer's image format: files made here byte by byte, as its specification says."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from repro.container.sif import is_signed, labels, squashfs_sha256
from repro.errors import UserError

PARTITION, SIGNATURE, JSON = 0x4004, 0x4005, 0x4006
PRIMARY, OVERLAY = struct.pack("<ii", 1, 2), struct.pack("<ii", 1, 4)
SYSTEM = b"hsqs" + bytes(range(256)) * 9000
LABELS = {"repro.version": "0.1.0", "repro.julia.variant": "official"}
METADATA = json.dumps({"data": {"attributes": {"labels": LABELS}}}).encode()

Entry = tuple[int, str, bytes, bytes]
"""Type, name, what depends on the type, data."""

USUAL: list[Entry] = [
    (PARTITION, "", OVERLAY, b"an overlay is no root file system"),
    (JSON, "inspect-metadata.json", b"", METADATA),
    (PARTITION, "", PRIMARY, SYSTEM),
]


def sif(path: Path, entries: list[Entry], *, unused: int = 2) -> Path:
    """A SIF with `entries`, unused descriptors first, and gaps between the data."""
    count = len(entries) + unused
    offset = 128 + count * 585
    table, data = bytes(unused * 585), b""
    for number, (kind, name, extra, content) in enumerate(entries):
        gap = bytes(17 * number)
        at = offset + len(data) + len(gap)
        numbers = (at, len(content), len(content), 1, 1, 0, 0)
        fields = (kind, 1, number + 1, 1, 0, *numbers, name.encode(), extra)
        table += struct.pack("<i?3I7q128s384s", *fields)
        data += gap + content
    launch = b"#!/usr/bin/env run-singularity\n"
    numbers8 = (1, 1, unused, count, 128, count * 585, offset, len(data))
    head = struct.pack("<32s10s3s3s16s8q", launch, b"SIF_MAGIC", b"01", b"02", b"id", *numbers8)
    path.write_bytes(head + table + data)
    return path


def test_the_hash_is_that_of_the_partition_that_programs_see(tmp_path: Path) -> None:
    image = sif(tmp_path / "repro.sif", USUAL)
    assert squashfs_sha256(image) == hashlib.sha256(SYSTEM).hexdigest()


def test_the_hash_depends_on_nothing_else(tmp_path: Path) -> None:
    one = sif(tmp_path / "one.sif", USUAL)
    signed = [*USUAL, (SIGNATURE, "signature", b"", b"somebody's")]
    two = sif(tmp_path / "two.sif", signed, unused=40)
    assert one.read_bytes() != two.read_bytes()
    assert squashfs_sha256(one) == squashfs_sha256(two)
    assert (is_signed(one), is_signed(two)) == (False, True)


def test_labels(tmp_path: Path) -> None:
    assert labels(sif(tmp_path / "repro.sif", USUAL)) == LABELS


@pytest.mark.parametrize("content", [b"", b"SIF_MAGIC", b"#!/bin/sh\n" * 200])
def test_what_is_no_sif_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not an Apptainer image"):
        squashfs_sha256(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.sif: cannot be read"):
        squashfs_sha256(tmp_path / "none.sif")


@pytest.mark.parametrize("kept", [500, 128 + 5 * 585, -1])
def test_a_cut_off_image_is_refused(kept: int, tmp_path: Path) -> None:
    whole = sif(tmp_path / "whole.sif", USUAL).read_bytes()
    cut = tmp_path / "cut.sif"
    cut.write_bytes(whole[:kept])
    with pytest.raises(UserError, match="damaged or truncated"):
        squashfs_sha256(cut)


def test_an_image_without_a_root_file_system_or_labels_is_refused(tmp_path: Path) -> None:
    empty = sif(tmp_path / "empty.sif", [(JSON, "inspect-metadata.json", b"", b"{}")])
    with pytest.raises(UserError, match="contains no squashfs"):
        squashfs_sha256(empty)
    with pytest.raises(UserError, match="damaged"):
        labels(empty)
    with pytest.raises(UserError, match="has no labels"):
        labels(sif(tmp_path / "bare.sif", []))
