"""The zygote's heap, made ready to be forked.

What a zygote frees while it starts leaves gaps all over its heap. A child's allocations would land in
them, each on another page, and the first write to a page copies it. So the gaps are given away before
the first fork, and a child takes its memory from the heap's end, where it lies together.

Knows glibc's ``malloc`` only (Python's own small objects have pools elsewhere); with another C library
nothing is done.
"""

from __future__ import annotations

import ctypes

_MAX_BLOCKS = 100_000
"""A stop for an allocator whose end is not where we think it is; a zygote has about a thousand gaps."""
_SIZES = (65536, 32768, 16384, 8192, 4096, 2048, 1520, *range(1024, 23, -16))
"""Bytes, the largest first: what is left of a gap is for the smaller ones."""


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def close_gaps() -> None:
    """Take all free memory below the heap's end, for good: a zygote has about a megabyte of it."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        return
    libc.mallinfo2.restype = _MallInfo
    libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_size_t
    libc.free.argtypes = [ctypes.c_size_t]
    libc.sbrk.argtypes, libc.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_size_t
    end = libc.sbrk(0) - libc.mallinfo2().keepcost
    n = 0
    for size in _SIZES:
        while (block := libc.malloc(size)) and block < end and n < _MAX_BLOCKS:
            n += 1
        libc.free(block)
