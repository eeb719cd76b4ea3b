"""Fits a model of implicit: implicit_fit.py NAME ROWS USERS ITEMS THREADS OPTIONS [LISTS].

NAME is `als` or `cosine`, ROWS a file of pairs (user, item) as little-endian u32, OPTIONS a JSON object for the
model. Prints the seconds of `fit` alone. With LISTS, the ten best unseen items of every user go there as u32.
"""

import json
import os
import sys
import time

# Its own threads do the work; it asks for BLAS with one thread beside them.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender

name, source, users, items, threads, options, *lists = sys.argv[1:]
rows = numpy.fromfile(source, dtype="<u4").reshape(-1, 2)
ones = numpy.ones(len(rows), dtype=numpy.float32)
matrix = scipy.sparse.csr_matrix((ones, (rows[:, 0], rows[:, 1])), shape=(int(users), int(items)))
kind = {"als": AlternatingLeastSquares, "cosine": CosineRecommender}[name]
model = kind(num_threads=int(threads), **json.loads(options))

started = time.perf_counter()
model.fit(matrix, show_progress=False)
seconds = time.perf_counter() - started
if lists:
    found, _ = model.recommend(numpy.arange(int(users)), matrix, N=10, filter_already_liked_items=True)
    found.astype("<u4").tofile(lists[0])
print(json.dumps({"seconds": seconds}))
