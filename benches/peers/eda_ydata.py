"""A report by ydata-profiling in its minimal mode: eda_ydata.py TABLE.parquet TARGET.html.

Prints the rows and the seconds from reading the table to HTML on disk; importing is not among them.
"""

import json
import sys
import time

import pandas as pd
from ydata_profiling import ProfileReport

source, target = sys.argv[1:]
started = time.perf_counter()
table = pd.read_parquet(source)
ProfileReport(table, minimal=True, progress_bar=False).to_file(target, silent=True)
print()
print(json.dumps({"rows": len(table), "seconds": time.perf_counter() - started}))
