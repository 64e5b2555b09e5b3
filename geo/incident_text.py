"""
Free text of incidents loaded in bulk: identity and telephone numbers are masked, and what was written is sealed.

Most rows hold nothing like a number. A regular expression in compiled code finds those that might, and only they go
through `masking.mask`, which decides.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from collections.abc import Mapping
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo import binary_copy, masking, seal
from geo.errors import WanggeError
from geo.keys import KeyRing
from geo.masking import FEWEST_DIGITS

FREE_TEXT = ("title", "description", "address")
# Whatever masking reads as a digit: the digits of all scripts, circled and raised ones, and Chinese numerals.
DIGIT = r"[\p{Nd}\p{No}〇零○一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖]"

Originals = Mapping[int, Mapping[str, str]]


class NoKeyRing(WanggeError):
    """The text holds numbers of persons, and there are no keys to seal it with as it was written."""

    zh = "文本中含有证件号或电话号码，但没有用于密封原文的密钥。"


def masked(table: pa.Table) -> tuple[pa.Table, Originals]:
    """
    Mask the free text of a table of incidents.

    Returns
    -------
    table
        With a label in the place of each number.
    originals
        By row, the fields that were changed, as they were written.
    """
    originals: dict[int, dict[str, str]] = {}
    for name in FREE_TEXT:
        column = pa.chunked_array(table[name]).combine_chunks()
        rows, said, shown = _changed(column)
        if not rows:
            continue
        place = np.zeros(len(column), dtype=bool)
        place[rows] = True
        column = pc.replace_with_mask(column, pa.array(place), pa.array(shown, column.type))
        table = table.set_column(table.column_names.index(name), name, column)
        for row, text in zip(rows, said, strict=True):
            originals.setdefault(row, {})[name] = text
    return table, originals


def sealed(ring: KeyRing, key_id: str, ids: Mapping[int, UUID], originals: Originals) -> pa.Table:
    """
    Seal the texts of rows as they were written, as rows of table ``incident_original``.

    Parameters
    ----------
    ring, key_id
        The keys, and the one that seals.
    ids
        By row, its incident; rows without one are left out.
    originals
        From `masked`.
    """
    encrypt = seal.sealer(ring, key_id, "original")
    entries = [encrypt(ids[row], said) for row, said in originals.items() if row in ids]
    incident_ids = pa.array([ids[row].bytes for row in originals if row in ids], pa.binary())
    return pa.table(
        {
            "incident_id": incident_ids,
            "key_id": binary_copy.constant(key_id, pa.string(), len(entries)),
            "sealed": pa.array(entries, pa.binary()),
        }
    )


def _changed(column: pa.Array) -> tuple[list[int], list[str], list[str]]:
    """Rows whose text masking changes, with the text before and after."""
    suspect = pc.greater_equal(pc.count_substring_regex(column, DIGIT), FEWEST_DIGITS)
    rows = np.flatnonzero(pc.fill_null(suspect, False).to_numpy(zero_copy_only=False))
    texts = column.take(pa.array(rows)).to_pylist()
    shown = {text: masking.mask(text).text for text in set(texts)}
    kept = [(row, text, shown[text]) for row, text in zip(rows.tolist(), texts, strict=True) if shown[text] != text]
    return [row for row, _, _ in kept], [text for _, text, _ in kept], [text for _, _, text in kept]
