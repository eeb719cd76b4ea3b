"""Review file to MongoDB with the mongo-spark-connector: mongo_connector.py SOURCE URL DATABASE THREADS JARS.

Prints the documents that are there afterwards and the seconds from the first read to the last write;
starting the session is not among them. Documents are keyed anew by each run, in no order, and
nothing is indexed. Waits for its Java process, so that its processor time counts.
"""

import json
import sys
import time

from pyspark.sql import SparkSession

source, url, database, threads, jars = sys.argv[1:]
spark = (
    SparkSession.builder.master(f"local[{int(threads)}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.jars", jars)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
schema = (
    "reviewerID STRING, asin STRING, overall FLOAT, unixReviewTime BIGINT, "
    "summary STRING, reviewText STRING, verified BOOLEAN, vote STRING"
)
target = {"connection.uri": url, "database": database, "collection": "reviews"}
started = time.perf_counter()
(
    spark.read.schema(schema)
    .json(source)
    .repartition(int(threads), "asin")
    .write.format("mongodb")
    .options(**target, ordered="false")
    .mode("append")
    .save()
)
seconds = time.perf_counter() - started
rows = spark.read.format("mongodb").options(**target).load().count()
java = spark.sparkContext._gateway.proc
spark.stop()
java.stdin.close()
java.wait()
print(json.dumps({"rows": rows, "seconds": seconds}))
