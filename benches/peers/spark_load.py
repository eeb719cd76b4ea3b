"""Review file to Parquet with PySpark: spark_load.py SOURCE TARGET THREADS.

Prints the rows that it wrote and the seconds from the first read to the last write; starting the
session is not among them. Waits for its Java process, so that its memory and processor time count.
"""

import json
import sys
import time

from pyspark.sql import SparkSession

source, target, threads = sys.argv[1:]
spark = (
    SparkSession.builder.master(f"local[{int(threads)}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
started = time.perf_counter()
schema = (
    "reviewerID STRING, asin STRING, overall FLOAT, unixReviewTime BIGINT, "
    "summary STRING, reviewText STRING, verified BOOLEAN, vote STRING"
)
spark.read.schema(schema).json(source).write.mode("overwrite").parquet(target)
seconds = time.perf_counter() - started
rows = spark.read.parquet(target).count()
java = spark.sparkContext._gateway.proc
spark.stop()
java.stdin.close()
java.wait()
print(json.dumps({"rows": rows, "seconds": seconds}))
