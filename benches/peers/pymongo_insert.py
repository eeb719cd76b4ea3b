"""Ready documents to MongoDB with one client of pymongo: pymongo_insert.py SOURCE URL DATABASE.

Reads the documents into memory, then prints how many it wrote and the seconds that `insert_many`
took, 1,000 at a time. Nothing is indexed. Faulty lines are left out.
"""

import gzip
import json
import sys
import time

from pymongo import MongoClient

source, url, database = sys.argv[1:]
documents = []
with gzip.open(source, "rb") as lines:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if not isinstance(row, dict) or "asin" not in row:
            continue
        names = {
            "asin": "asin",
            "user": "reviewerID",
            "time": "unixReviewTime",
            "rating": "overall",
            "title": "summary",
            "text": "reviewText",
            "verified": "verified",
            "helpful_votes": "vote",
        }
        documents.append({name: row[key] for name, key in names.items() if key in row})
client = MongoClient(url, w="majority")
reviews = client[database].reviews
started = time.perf_counter()
for first in range(0, len(documents), 1000):
    reviews.insert_many(documents[first : first + 1000])
seconds = time.perf_counter() - started
print(json.dumps({"rows": len(documents), "seconds": seconds}))
