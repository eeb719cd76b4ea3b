"""The reviews that `load` left as one Parquet file of ten columns: eda_table.py ARTIFACT TARGET.

Titles and texts are joined and their words counted, so that a peer sees what our report sees.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

artifact, target = map(Path, sys.argv[1:])
reviews = pd.read_parquet(artifact / "reviews.parquet")
parts = [pd.read_parquet(path) for path in sorted((artifact / "texts").glob("*.parquet"))]
texts = pd.concat(parts, keys=range(len(parts)), names=["part", "row"])
reviews = reviews.join(texts, on=["part", "row"]).drop(columns=["part", "row"])
reviews["words"] = reviews["text"].map(lambda text: len(text.split()) if isinstance(text, str) else np.nan)
reviews["time"] = pd.to_datetime(reviews["time"], unit="s")
reviews.to_parquet(target, index=False)
print(json.dumps({"rows": len(reviews), "columns": len(reviews.columns)}))
