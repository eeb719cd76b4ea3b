"""Reference values of the ranking metrics, computed once by ranx and pytrec_eval.

    pip install ranx==0.3.21 pytrec-eval-terrier==0.5.11
    python benches/peers/reference_metrics.py > crates/recommender/tests/data/reference_metrics.json

A small made set: 40 users, 60 items, scores with many ties. Ties are broken by score, then item index:
both tools are given scores that are strictly ordered that way, as they break ties by rules of their own.
The file holds scores, relevant items and what each tool says, so that the test needs neither tool.
"""

import json
import random

import pytrec_eval
from ranx import Qrels, Run, evaluate

KS = (1, 5, 10, 20)
USERS, ITEMS = 40, 60

random.seed(20_240_601)
scores = [[random.randrange(12) / 4 for _ in range(ITEMS)] for _ in range(USERS)]
relevant = [sorted(random.sample(range(ITEMS), random.choice([1, 1, 2, 3, 8, 15, 30]))) for _ in range(USERS)]

qrels = {f"u{u:02}": {f"i{i:02}": 1 for i in items} for u, items in enumerate(relevant)}
run = {}
for user, row in enumerate(scores):
    order = sorted(range(ITEMS), key=lambda item: (-row[item], item))
    run[f"u{user:02}"] = {f"i{item:02}": float(ITEMS - place) for place, item in enumerate(order)}

# Our name -> name of each tool.
RANX = {"precision": "precision", "recall": "recall", "f1": "f1", "hit_rate": "hit_rate", "ndcg": "ndcg", "map": "map", "mrr": "mrr"}
TREC = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "hit_rate": "success"}

names = [f"{theirs}@{k}" for theirs in RANX.values() for k in KS] + ["mrr"]
found = evaluate(Qrels(qrels), Run(run), names, return_mean=False)
users = sorted(qrels)
by_ranx = {f"{ours}@{k}": [float(v) for v in found[f"{theirs}@{k}"]] for ours, theirs in RANX.items() for k in KS}
by_ranx["mrr"] = [float(v) for v in found["mrr"]]

cutoffs = ",".join(map(str, KS))
measures = {f"{theirs}.{cutoffs}" for theirs in TREC.values()} | {"recip_rank"}
judged = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
by_trec = {f"{ours}@{k}": [judged[u][f"{theirs}_{k}"] for u in users] for ours, theirs in TREC.items() for k in KS}
by_trec["mrr"] = [judged[u]["recip_rank"] for u in users]


def rounded(values):
    return {name: [round(float(value), 9) for value in row] for name, row in sorted(values.items())}


lines = {
    "ks": KS,
    "scores": scores,
    "relevant": relevant,
    "ranx": rounded(by_ranx),
    "pytrec_eval": rounded(by_trec),
}
print("{\n" + ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in lines.items()) + "\n}")
