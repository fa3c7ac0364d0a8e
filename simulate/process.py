"""How a Trueward process uses its machine."""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEEP = 1 << 30


def settle() -> None:
    """One thread unless OMP_NUM_THREADS says otherwise, freed memory kept, and nothing that everybody may write to.

    To be called before torch is loaded.

    A market's tensors are small: a second thread gains little on an idle machine, waits for its turn on a busy one
    (fifty times slower was measured), and changes the order of sums.  By default glibc gives large buffers back to
    the kernel and gets them again, page by page, in every round, which costs as much as the arithmetic.
    """
    os.umask(os.umask(0o077) | 0o002)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # absent from other C libraries
        if mallopt is not None:
            mallopt(M_TRIM_THRESHOLD, KEEP)
            mallopt(M_MMAP_THRESHOLD, KEEP)
