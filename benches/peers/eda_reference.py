"""Reference values of the EDA report, computed once by pandas, scipy, powerlaw and phik on real review files.

    pip install numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 pyarrow==26.0.1 powerlaw==2.0.0 phik==0.12.5 'setuptools<81'
    cargo build --release -p orchestrator
    python benches/peers/eda_reference.py PATH/orchestrator stages/eda-report/tests/reference

REAL_DATA names the folder of the files (else ../shared/data beside the workspace). Each file goes through the stage
`load`, so both sides see the same rows; all that follows is computed here from these rows, with none of our code.
A file a data set is written, with numbers and names of columns alone. `stages/eda-report/tests/reference.rs` compares.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import phik
import powerlaw
import scipy.sparse as sparse
from scipy import optimize, special, stats
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[2]
SETS = {
    "amazon2018-Gift_Cards": ("amazon-2018", "Gift_Cards_5.json.gz"),
    "amazon2018-Magazine_Subscriptions": ("amazon-2018", "Magazine_Subscriptions_5.json.gz"),
    "amazon2018-All_Beauty": ("amazon-2018", "All_Beauty_5.json.gz"),
    "amazon2014-Musical_Instruments": ("amazon-2014", "reviews_Musical_Instruments_5.json.gz"),
}
PACKAGES = ("numpy", "pandas", "scipy", "pyarrow", "powerlaw", "phik")
NUMERIC = ("rating", "time", "helpful_votes", "text_length", "words")
RATINGS = (1.0, 2.0, 3.0, 4.0, 5.0)


def load(orchestrator, layout, file, cache):
    """The rows that `load` keeps, with the words of each text (pieces between white space)."""
    pipeline = Path(cache) / "load.yaml"
    params = f"{{layout: {layout}, reviews: {json.dumps(str(file))}}}"
    pipeline.write_text(f"version: 1\nname: reference\nstages:\n  load:\n    params: {params}\n")
    subprocess.run([orchestrator, "run", pipeline, "--cache", cache], check=True, capture_output=True)
    (artifact,) = Path(cache).glob("artifacts/*/reviews.parquet")
    reviews = pd.read_parquet(artifact)
    parts = [pd.read_parquet(path) for path in sorted(artifact.parent.glob("texts/*.parquet"))]
    texts = pd.concat(parts, keys=range(len(parts)), names=["part", "row"])
    reviews = reviews.join(texts, on=["part", "row"])
    words = reviews["text"].map(lambda text: len(text.split()) if isinstance(text, str) else np.nan)
    return reviews.assign(words=words)


def column(values):
    present = values.dropna().astype("float64")
    if present.empty:
        return {"count": 0, "missing": int(values.isna().sum())}
    quantiles = np.quantile(present, [0.05, 0.25, 0.5, 0.75, 0.95])
    return {
        "count": len(present),
        "missing": int(values.isna().sum()),
        "distinct": int(present.nunique()),
        "zeros": int((present == 0).sum()),
        "mean": present.mean(),
        "deviation": present.std(),
        "variance": present.var(),
        "skewness": present.skew(),
        "kurtosis": present.kurt(),
        "smallest": present.min(),
        "quantiles_5_25_50_75_95": list(quantiles),
        "largest": present.max(),
        "median_absolute_deviation": stats.median_abs_deviation(present),
    }


def correlations(reviews):
    """Each pair over the rows where both are there."""
    numbers = reviews[list(NUMERIC)].astype("float64")
    numbers = numbers.loc[:, numbers.nunique() > 1]
    kendall = numbers.corr(lambda one, other: stats.kendalltau(one, other, variant="b").statistic)
    ways = {"pearson": numbers.corr(), "spearman": numbers.corr("spearman"), "kendall": kendall}
    return {"columns": list(numbers.columns)} | {name: matrix.to_numpy().tolist() for name, matrix in ways.items()}


def associations(reviews):
    """How rating depends on `verified`: both as categories, then the rating as a number."""
    known = reviews.dropna(subset=["verified"])
    if known["verified"].nunique() < 2:
        return None
    table = pd.crosstab(known["rating"], known["verified"]).to_numpy()
    chi2, rows = stats.chi2_contingency(table, correction=False).statistic, table.sum()
    r, c = table.shape
    # Bergsma 2013.
    phi2 = max(0.0, chi2 / rows - (r - 1) * (c - 1) / (rows - 1))
    r_corrected, c_corrected = r - (r - 1) ** 2 / (rows - 1), c - (c - 1) ** 2 / (rows - 1)
    as_text = (known["rating"].astype(str), known["verified"].astype(str))
    return {
        "cramers_v": np.sqrt(chi2 / rows / min(r - 1, c - 1)),
        "cramers_v_corrected": np.sqrt(phi2 / min(r_corrected - 1, c_corrected - 1)),
        "phik": phik.phik_from_array(*as_text, num_vars=[]),
        "phik_without_noise_correction": phik.phik_from_array(*as_text, num_vars=[], noise_correction=False),
        "correlation_ratio": np.sqrt(between(known["rating"].astype("float64"), known["verified"])),
    }


def phi_k(reviews):
    """Each pair of variables as categories, over the rows where both are there; 0 for one that does not vary."""
    numbers = reviews[list(NUMERIC)].astype("float64")
    variables = {name: tenths(numbers[name]) for name in numbers.columns[numbers.nunique() > 1]}
    if reviews["verified"].nunique() > 1:
        variables["verified"] = reviews["verified"].astype("object")

    def of(one, other, noise):
        both = pd.DataFrame({"one": variables[one], "other": variables[other]}).dropna().astype(str)
        return phik.phik_from_array(both["one"], both["other"], num_vars=[], noise_correction=noise)

    matrix = lambda noise: [[of(one, other, noise) for other in variables] for one in variables]
    return {"columns": list(variables), "phik": matrix(True), "phik_without_noise_correction": matrix(False)}


def tenths(values):
    """Ten bins of equal width between the 1 % and the 99 % quantile; what lies outside is in the outer bins."""
    low, high = np.quantile(values.dropna(), [0.01, 0.99])
    if low == high:
        return values.where(values.isna(), 0.0)
    return np.floor((values - low) / ((high - low) / 10)).clip(0, 9)


def between(values, groups):
    """Share of the variance that the means of the groups explain."""
    means = values.groupby(groups).transform("mean")
    return ((means - values.mean()) ** 2).sum() / ((values - values.mean()) ** 2).sum()


def gini(counts):
    ascending = np.sort(np.asarray(counts, dtype="float64"))
    place = np.arange(1, len(ascending) + 1)
    return ((2 * place - len(ascending) - 1) * ascending).sum() / (len(ascending) * ascending.sum())


def tail(counts):
    counts = np.sort(counts.to_numpy())[::-1]
    top = lambda share: counts[: max(1, int(np.ceil(len(counts) * share - 1e-9)))].sum() / counts.sum()
    return {
        "units": len(counts),
        "mean": counts.mean(),
        "median": float(np.median(counts)),
        "largest": int(counts[0]),
        "once": float((counts == 1).mean()),
        "gini": gini(counts),
        "top_1_10_20_percent": [top(share) for share in (0.01, 0.1, 0.2)],
        "from_smallest": fit(counts, int(counts.min())),
        "from_best": fit(counts, best_start(counts)) if len(np.unique(counts)) > 1 else None,
    }


def alpha_of(counts, start):
    """Exponent of a discrete power law by maximum likelihood, and the distance to the counts (Kolmogorov-Smirnov)."""
    x = counts[counts >= start].astype("float64")
    logs = np.log(x).sum()
    loss = lambda alpha: alpha * logs + len(x) * np.log(special.zeta(alpha, start))
    alpha = optimize.minimize_scalar(loss, bounds=(1.0001, 30), options={"xatol": 1e-10}).x
    survival = lambda k: special.zeta(alpha, k) / special.zeta(alpha, start)
    return alpha, max(abs((x > k).mean() - survival(k + 1)) for k in np.unique(x))


def best_start(counts):
    """The start with the smallest distance (Clauset, Shalizi and Newman 2009) that leaves two counts that differ."""
    return int(min(np.unique(counts)[:-1], key=lambda start: alpha_of(counts, start)[1]))


def by_powerlaw(counts, start):
    """What the package `powerlaw` says of the exponent: a second opinion."""
    ranges = {"alpha": [1.0001, 30]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = {"discrete": True, "estimate_discrete": False, "parameter_ranges": ranges, "verbose": False}
        return powerlaw.Fit(counts[counts >= start], xmin=start, **settings).power_law.alpha


def fit(counts, start):
    """Power law and log-normal, both discrete and by maximum likelihood, of the counts from `start` on."""
    x = counts[counts >= start].astype("float64")
    if len(np.unique(x)) < 2:
        return None
    logs = np.log(x)
    zipf = lambda alpha: -alpha * logs - np.log(special.zeta(alpha, start))
    alpha, distance = alpha_of(counts, start)

    def normal(parameters):
        mu, log_sigma = parameters
        edges = lambda x: (np.log(x) - mu) / np.exp(log_sigma)
        # Differences of the smaller tails, as the larger ones round to nothing.
        mass = stats.norm.logsf(edges(x - 0.5)) + np.log(
            -np.expm1(stats.norm.logsf(edges(x + 0.5)) - stats.norm.logsf(edges(x - 0.5)))
        )
        return mass - stats.norm.logsf(edges(start - 0.5))

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
    begin = (logs.mean(), np.log(logs.std() + 1e-3))
    lowest = optimize.minimize(lambda p: -normal(p).sum(), begin, method="Nelder-Mead", options=options)
    difference = zipf(alpha) - normal(lowest.x)
    ratio, spread = difference.sum(), difference.std() * np.sqrt(len(x))
    return {
        "start": start,
        "units": len(x),
        "alpha": alpha,
        "alpha_by_powerlaw": by_powerlaw(counts, start),
        "distance": distance,
        "log_normal_mu": lowest.x[0],
        "log_normal_sigma": np.exp(lowest.x[1]),
        "log_likelihood_power_law": zipf(alpha).sum(),
        "log_likelihood_log_normal": normal(lowest.x).sum(),
        "log_likelihood_ratio": ratio,
        "vuong_p": special.erfc(abs(ratio) / (np.sqrt(2) * spread)),
    }


def k_cores(reviews):
    pairs = reviews[["user", "item"]].drop_duplicates()
    kept = []
    for k in (1, 2, 3, 5, 10, 20):
        core, before = pairs, -1
        while len(core) != before:
            before = len(core)
            core = core[core.groupby("user")["item"].transform("size") >= k]
            core = core[core.groupby("item")["user"].transform("size") >= k]
        rows = reviews.merge(core, on=["user", "item"])
        kept.append(
            {
                "k": k,
                "users": core["user"].nunique(),
                "items": core["item"].nunique(),
                "pairs": len(core),
                "reviews": len(rows),
            }
        )
    return kept


def psi(one, other, floor):
    """Population stability index; empty classes count as a share of `floor`."""
    p, q = (np.maximum(counts / counts.sum(), floor) for counts in (np.asarray(one), np.asarray(other)))
    return ((q - p) * np.log(q / p)).sum()


def half_more(one, other):
    """The same with half a row more in each class instead of a floor."""
    return psi(np.asarray(one) + 0.5, np.asarray(other) + 0.5, 0.0)


def by_year(reviews):
    years = pd.to_datetime(reviews["time"], unit="s").dt.year
    counts = pd.crosstab(years, reviews["rating"]).reindex(columns=RATINGS, fill_value=0)
    steps = [(counts.iloc[place - 1], counts.iloc[place]) for place in range(1, len(counts))]
    return {
        "years": [int(year) for year in counts.index],
        "counts_1_to_5": counts.to_numpy().tolist(),
        "means": list(reviews["rating"].astype("float64").groupby(years).mean()),
        "psi_floor_1e-4": [psi(*step, 1e-4) for step in steps],
        "psi_half_more": [half_more(*step) for step in steps],
    }


def biases(reviews):
    """Shares of the variance of the rating that belong to users and to items."""
    rating = reviews["rating"].astype("float64")

    def unbiased(groups):
        """Intraclass correlation of a one-way analysis of variance, unequal groups."""
        sizes = rating.groupby(groups).transform("size")
        per = rating.groupby(groups).size()
        k, n = len(per), len(rating)
        means = rating.groupby(groups).transform("mean")
        among = ((means - rating.mean()) ** 2).sum() / (k - 1)
        within = ((rating - means) ** 2).sum() / (n - k)
        size = (n - sizes.sum() / n) / (k - 1)
        return (among - within) / (among + (size - 1) * within)

    user, item = (pd.factorize(reviews[name])[0] for name in ("user", "item"))
    rows = np.arange(len(rating))
    ones = np.ones(len(rating))
    design = sparse.hstack([sparse.csr_array((ones, (rows, codes))) for codes in (user, item)]).tocsr()
    fitted = design @ sparse.linalg.lsqr(design, rating - rating.mean(), atol=1e-14, btol=1e-14, iter_lim=100_000)[0]
    both = 1 - ((rating - rating.mean() - fitted) ** 2).sum() / ((rating - rating.mean()) ** 2).sum()
    return {
        "user_explained": between(rating, reviews["user"]),
        "item_explained": between(rating, reviews["item"]),
        "both_explained": both,
        "user_intraclass": unbiased(reviews["user"]),
        "item_intraclass": unbiased(reviews["item"]),
    }


def graphs(reviews):
    pairs = reviews[["user", "item"]].drop_duplicates()
    (user, users), (item, items) = pd.factorize(pairs["user"]), pd.factorize(pairs["item"])
    links = sparse.csr_array((np.ones(len(pairs)), (user, item)), shape=(len(users), len(items)))
    count, label = connected_components(sparse.block_array([[None, links], [links.T, None]]), directed=False)
    sizes = np.bincount(label)
    giant = sizes.argmax()
    together = (links.T @ links).tolil()
    together.setdiag(0)
    together = (together.tocsr() > 0).astype("float64")
    degree = np.asarray(together.sum(axis=1)).ravel()
    closed = np.asarray((together @ together).multiply(together).sum(axis=1)).ravel()
    open_pairs = degree * (degree - 1)
    wide = degree >= 2
    return {
        "components": int(count),
        "giant_share_of_users_and_items": sizes[giant] / sizes.sum(),
        "giant_users": int((label[: len(users)] == giant).sum()),
        "giant_items": int((label[len(users) :] == giant).sum()),
        "co_review_links": int(degree.sum() / 2),
        "co_review_components": int(connected_components(together, directed=False)[0]),
        "co_review_mean_degree": degree.mean(),
        "co_review_largest_degree": int(degree.max()),
        "co_review_transitivity": closed.sum() / open_pairs.sum() if open_pairs.sum() else None,
        "co_review_clustering_of_degree_2_or_more": (closed[wide] / open_pairs[wide]).mean() if wide.any() else None,
        "co_review_clustering_of_all": np.divide(closed, open_pairs, out=np.zeros_like(closed), where=wide).mean(),
    }


def verified(reviews):
    known = reviews.dropna(subset=["verified"])
    one, other = (known.loc[known["verified"] == value, "rating"].astype("float64") for value in (True, False))
    if one.empty or other.empty:
        return None
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    counts = [np.array([(ratings == rating).sum() for rating in RATINGS]) for ratings in (one, other)]
    return {
        "verified": len(one),
        "unverified": len(other),
        "mean_verified": one.mean(),
        "mean_unverified": other.mean(),
        "difference": one.mean() - other.mean(),
        "interval": [interval.low, interval.high],
        "psi_floor_1e-4": psi(*counts, 1e-4),
        "psi_half_more": half_more(*counts),
        "kolmogorov_smirnov": stats.ks_2samp(one, other).statistic,
    }


def space(reviews):
    days = reviews["time"] // 86_400
    users = reviews.groupby("user")
    several = users.size() >= 2
    per_user, per_item = users.size(), reviews.groupby("item").size()
    pairs = int((~reviews.duplicated(["user", "item"])).sum())
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    return {
        "reviews": len(reviews),
        "users": len(per_user),
        "items": len(per_item),
        "pairs": pairs,
        "density": pairs / (len(per_user) * len(per_item)),
        "reviews_a_user_5_25_50_75_95": list(np.quantile(per_user, levels)),
        "reviews_an_item_5_25_50_75_95": list(np.quantile(per_item, levels)),
        "users_of_several_reviews": int(several.sum()),
        "users_of_several_reviews_all_on_one_day": int((days.groupby(reviews["user"]).nunique()[several] == 1).sum()),
    }


def figures(reviews):
    return {
        "space": space(reviews),
        "columns": {name: column(reviews[name]) for name in NUMERIC},
        "correlations": correlations(reviews),
        "phi_k": phi_k(reviews),
        "rating_and_verified": associations(reviews),
        "items": tail(reviews.groupby("item").size()),
        "users": tail(reviews.groupby("user").size()),
        "k_core": k_cores(reviews),
        "years": by_year(reviews),
        "biases": biases(reviews),
        "graphs": graphs(reviews),
        "verified": verified(reviews),
    }


def plain(value):
    """As JSON: numbers of Python with 12 digits, none for what is not a number."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.12g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def main():
    orchestrator, target = sys.argv[1:]
    data = Path(os.environ.get("REAL_DATA", ROOT / "../shared/data")).resolve()
    Path(target).mkdir(parents=True, exist_ok=True)
    for name, (layout, file) in SETS.items():
        with tempfile.TemporaryDirectory() as cache:
            reviews = load(Path(orchestrator).resolve(), layout, data / name / file, cache)
        about = {"layout": layout, "file": file, "versions": {name: version(name) for name in PACKAGES}}
        text = json.dumps(plain(about | figures(reviews)), indent=1)
        (Path(target) / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
