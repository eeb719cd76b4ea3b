"""A report by sweetviz: eda_sweetviz.py TABLE.parquet TARGET.html.

Prints the rows and the seconds from reading the table to HTML on disk; importing is not among them.
"""

import json
import sys
import time

import pandas as pd
import sweetviz

source, target = sys.argv[1:]
started = time.perf_counter()
table = pd.read_parquet(source)
report = sweetviz.analyze(table)
report.show_html(target, open_browser=False)
print()
print(json.dumps({"rows": len(table), "seconds": time.perf_counter() - started}))
