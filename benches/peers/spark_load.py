"""Review file to Parquet with PySpark: spark_load.py SOURCE TARGET THREADS [same-result].

With same-result it does what `load` does: faulty rows with their raw text go to a table of their own,
repeated lines are dropped, and the rest is sorted by item, user and time.

Prints the rows that it wrote and the seconds from the first read to the last write; starting the
session is not among them. Waits for its Java process, so that its memory and processor time count.
"""

import json
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json

source, target, threads, *mode = sys.argv[1:]
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
if mode == ["same-result"]:
    parsed = from_json("value", schema + ", broken STRING", {"columnNameOfCorruptRecord": "broken"})
    lines = spark.read.text(source).where("trim(value) != ''").select("value", parsed.alias("row")).persist()
    is_sound = (
        "row.broken IS NULL AND trim(row.reviewerID) != '' AND trim(row.asin) != '' "
        "AND row.overall BETWEEN 1 AND 5 AND row.unixReviewTime BETWEEN 788918400 AND 4102444799"
    )
    lines.where(f"NOT coalesce({is_sound}, false)").select("value").write.parquet(target + "/rejects")
    sound = lines.where(is_sound).dropDuplicates(["value"]).select("row.*").drop("broken")
    target += "/reviews"
    sound.sort(col("asin"), col("reviewerID"), col("unixReviewTime")).write.parquet(target)
else:
    spark.read.schema(schema).json(source).write.parquet(target)
seconds = time.perf_counter() - started
rows = spark.read.parquet(target).count()
java = spark.sparkContext._gateway.proc
spark.stop()
java.stdin.close()
java.wait()
print(json.dumps({"rows": rows, "seconds": seconds}))
