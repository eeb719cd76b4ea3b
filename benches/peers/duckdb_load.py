"""Review file to Parquet with DuckDB: duckdb_load.py SOURCE TARGET THREADS.

Prints the rows that it wrote and the seconds that it took; starting Python is not among them.
"""

import json
import sys
import time

import duckdb

source, target, threads = sys.argv[1:]
started = time.perf_counter()
connection = duckdb.connect()
connection.execute(f"SET threads = {int(threads)}")
connection.execute(
    """
    COPY (
        SELECT * FROM read_json(
            $source,
            format = 'newline_delimited',
            compression = 'gzip',
            ignore_errors = true,
            columns = {
                reviewerID: 'VARCHAR', asin: 'VARCHAR', overall: 'FLOAT', unixReviewTime: 'BIGINT',
                summary: 'VARCHAR', reviewText: 'VARCHAR', verified: 'BOOLEAN', vote: 'VARCHAR'
            }
        )
    ) TO '{target}' (FORMAT parquet)
    """.replace("{target}", target.replace("'", "''")),
    {"source": source},
)
seconds = time.perf_counter() - started
rows = connection.execute("SELECT count(*) FROM read_parquet($target)", {"target": target}).fetchone()[0]
print(json.dumps({"rows": rows, "seconds": seconds}))
