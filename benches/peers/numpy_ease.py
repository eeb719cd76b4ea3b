"""EASE with numpy: numpy_ease.py ROWS USERS ITEMS THREADS REGULARIZATION.

ROWS is a file of pairs (user, item) as little-endian u32. Prints the seconds of Gramian, inverse and scaling.
"""

import json
import os
import sys
import time

source, users, items, threads, regularization = sys.argv[1:]
os.environ["OPENBLAS_NUM_THREADS"] = threads

import numpy
import scipy.sparse

rows = numpy.fromfile(source, dtype="<u4").reshape(-1, 2)
ones = numpy.ones(len(rows), dtype=numpy.float32)
matrix = scipy.sparse.csr_matrix((ones, (rows[:, 0], rows[:, 1])), shape=(int(users), int(items)))
diagonal = numpy.diag_indices(int(items))

started = time.perf_counter()
weights = (matrix.T @ matrix).toarray()
weights[diagonal] += numpy.float32(regularization)
weights = numpy.linalg.inv(weights)
weights /= -numpy.diag(weights)
weights[diagonal] = 0
seconds = time.perf_counter() - started
assert weights.dtype == numpy.float32
print(json.dumps({"seconds": seconds}))
