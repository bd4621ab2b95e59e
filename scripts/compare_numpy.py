"""Reckons what compare_numpy.snn tells with NumPy, SciPy and elephant, and says how far apart the numbers are."""

import json
import sys
import warnings

import elephant.spike_train_dissimilarity as dissimilarity
import elephant.statistics as elephant_statistics
import neo
import numpy as np
import quantities as pq
from scipy import linalg, signal, special, stats

warnings.filterwarnings("ignore")


def train(times):
    return neo.SpikeTrain(times, units="ms", t_stop=1000)


def edges(cutoff):
    return cutoff[0] if len(cutoff) == 1 else cutoff


def butter(order, cutoff, kind):
    return signal.butter(order, edges(cutoff), kind, fs=100, output="sos")


def both(pair):
    return [pair.real, pair.imag]


def single(values):
    """Elements of a tensor, of which the text gives the shortest digits that a 32-bit float needs."""
    return np.array(values, dtype=np.float32).astype(float)


def by_real_part(values):
    values = np.linalg.eigvals(values)
    values = values[np.lexsort((values.imag, values.real))]
    return np.stack([values.real, values.imag], axis=1)


def eigenvectors(a):
    values, vectors = np.linalg.eigh(a)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(0)[None], 0)
    return np.concatenate([values, (vectors * np.sign(largest)).ravel()])


def independent(a, b, equal):
    r = stats.ttest_ind(a, b, equal_var=equal)
    interval = r.confidence_interval(0.95)
    return [r.statistic, r.df, r.pvalue, interval.low, interval.high]


def paired(a, b):
    r = stats.ttest_rel(a, b)
    interval = r.confidence_interval(0.95)
    return [r.statistic, r.pvalue, interval.low, interval.high]


def slope(x, y):
    r = stats.linregress(x, y)
    return [r.slope, r.intercept, r.rvalue, r.pvalue, r.stderr]


def lags(a, b):
    return [sum(1 for x in a for y in b if y - x == lag) for lag in range(-20, 21)]


def wilcoxon(a, b):
    d = np.subtract(a, b)
    d = d[d != 0]
    # SciPy counts a method "auto" as exact where there are no ties; so does this language, up to 50 differences.
    exact = len(np.unique(np.abs(d))) == len(d) == len(a)
    return list(stats.wilcoxon(d, method="exact" if exact else "approx"))


# What is reckoned in 64 bits from end to end; all else leaves as 32-bit floats.
EXACT = {
    "determinant", "log_determinant", "rank", "norm", "condition", "median", "quantile", "variance_of", "covariance", "pearson", "spearman",
    "ttest_1samp", "ttest_ind", "ttest_rel", "mannwhitneyu", "wilcoxon", "chisquare", "linregress", "skew_kurtosis", "histogram", "erf_family", "ppf",
    "regularized", "student", "cv", "cv2", "lv", "fanofactor", "van_rossum", "victor_purpura", "binned", "cross_correlation", "find_peaks", "firwin",
}
PEERS = {
    "solve": np.linalg.solve, "inverse": np.linalg.inv, "determinant": lambda a: np.linalg.det(single(a)),
    "log_determinant": lambda a: list(np.linalg.slogdet(single(a))), "eigenvalues": np.linalg.eigvalsh, "complex_eigenvalues": by_real_part,
    "eigenvectors": eigenvectors, "singular_values": lambda a: np.linalg.svd(a)[1], "product": lambda a: a, "same": lambda a: a,
    "r_of_qr": lambda a: np.abs(np.linalg.qr(a)[1]), "pinv": np.linalg.pinv,
    "least_squares": lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], "cholesky": np.linalg.cholesky, "rank": np.linalg.matrix_rank,
    "condition": lambda a: np.linalg.cond(single(a)), "norm": lambda a, kind: np.linalg.norm(single(a), kind), "einsum": lambda a, b: np.einsum("ij,jk->ki", a, b), "kron": np.kron,
    "fft": lambda x, y: both(np.fft.fft(np.array(x) + 1j * np.array(y))), "ifft": lambda x, y: both(np.fft.ifft(np.array(x) + 1j * np.array(y))),
    "rfft": lambda x: both(np.fft.rfft(x)), "convolve": np.convolve,
    "sosfilter": lambda x, n, c, k: signal.sosfilt(butter(n, c, k), x),
    "sosfiltfilt": lambda x, n, c, k: signal.sosfiltfilt(butter(n, c, k), x)[100:500],
    "window": lambda name, n: signal.get_window(name, n, fftbins=False), "firwin": lambda n, c, r: signal.firwin(n, c, fs=r),
    "welch": lambda x: list(signal.welch(np.array(x), fs=100, window="hann", nperseg=128)), "resample": lambda x, n: signal.resample(np.array(x), n), "detrend": signal.detrend,
    "lfilter": signal.lfilter, "find_peaks": lambda x: signal.find_peaks(x, height=0.5, distance=5)[0],
    "median": np.median, "quantile": np.quantile, "variance_of": lambda x: np.var(x, ddof=1), "covariance": lambda x, y: np.cov(x, y)[0, 1],
    "pearson": lambda x, y: list(stats.pearsonr(x, y)), "spearman": lambda x, y: list(stats.spearmanr(x, y)),
    "ttest_1samp": lambda x, m: list(stats.ttest_1samp(x, m)), "ttest_ind": independent, "ttest_rel": paired,
    "mannwhitneyu": lambda x, y: list(stats.mannwhitneyu(x, y)), "wilcoxon": wilcoxon,
    "chisquare": lambda x: [stats.chisquare(x)[0], len(x) - 1, stats.chisquare(x)[1]],
    "chi2_contingency": lambda x: [stats.chi2_contingency(x, correction=False)[k] for k in (0, 2, 1)], "linregress": slope,
    "skew_kurtosis": lambda x: [stats.skew(x), stats.kurtosis(x)], "histogram": lambda x: np.histogram(np.float32(x), 7)[0],
    "erf_family": lambda x: [special.erf(x), special.erfc(x), stats.norm.cdf(x), special.i0(x)], "ppf": stats.norm.ppf,
    "regularized": lambda x, a, b: [special.betainc(a, b, x), special.gammainc(a, x * 10)], "student": lambda t, df: 2 * stats.t.sf(t, df),
    "cv": lambda x: elephant_statistics.cv(elephant_statistics.isi(np.array(x))), "cv2": lambda x: elephant_statistics.cv2(elephant_statistics.isi(np.array(x))),
    "lv": lambda x: elephant_statistics.lv(elephant_statistics.isi(np.array(x))),
    "fanofactor": lambda x, y: elephant_statistics.fanofactor([train(x), train(y)]),
    "van_rossum": lambda x, y, t: dissimilarity.van_rossum_distance([train(x), train(y)], time_constant=t * pq.ms)[0, 1],
    "victor_purpura": lambda x, y, c: dissimilarity.victor_purpura_distance([train(x), train(y)], cost_factor=c / pq.ms)[0, 1],
    "binned": lambda x: np.histogram(x, np.arange(0, 1001, 50))[0],
    "count_correlation": lambda x, y: np.corrcoef([np.histogram(v, np.arange(0, 1001, 50))[0] for v in (x, y)]), "cross_correlation": lags,
}
DISCRETE = {"poisson", "binom", "geom"}


def flat(value):
    if isinstance(value, (list, tuple)):
        return np.concatenate([flat(v) for v in value]) if len(value) else np.array([])
    return np.asarray(value, dtype=float).ravel()


def chances(name, parameters, values):
    """How likely draws as far from their distribution are, and a mean as far off: two p-values."""
    peer = getattr(stats, name)(*parameters)
    values = np.array(values)
    if name == "vonmises":
        # Angles are from -pi to pi, as NumPy's; SciPy's distribution is on the turn around its middle.
        assert np.abs(values).max() <= np.float32(np.pi)
        values = (values - parameters[1] + np.pi) % (2 * np.pi) - np.pi + parameters[1]
    if name in DISCRETE:
        # What is rarer than twenty in all goes with its neighbours.
        low, high = peer.ppf(20 / len(values)), peer.isf(20 / len(values))
        points = np.arange(low, high + 1)
        shares = peer.pmf(points)
        shares[0], shares[-1] = peer.cdf(low), peer.sf(high - 1)
        counts = np.array([np.sum(np.clip(values, low, high) == point) for point in points])
        shape = stats.chisquare(counts, shares * len(values)).pvalue
    else:
        shape = stats.kstest(values, peer.cdf).pvalue
    error = abs(values.mean() - peer.mean()) / (peer.std() / len(values) ** 0.5)
    return shape, 2 * stats.norm.sf(error)


def judge_draws(found):
    """Of each distribution the p-values of all seeds together, by Fisher's method: 0.001 is asked for."""
    failed = 0
    for name, chances_by_seed in found.items():
        shape, mean = (stats.combine_pvalues(column, method="fisher").pvalue for column in zip(*chances_by_seed))
        good = shape > 1e-3 and mean > 1e-3
        print(f"{'ok  ' if good else 'FAIL'} draws of {name}, {len(chances_by_seed)} seeds: p = {shape:.3f} of the distribution, {mean:.3f} of the mean")
        failed += not good
    return failed


def main():
    worst = {}
    found_draws = {}
    failed = 0
    for line in sys.stdin:
        case = json.loads(line)
        name, inputs = case["name"], case["inputs"]
        if name == "draws":
            found_draws.setdefault(f"{inputs[0]}{tuple(inputs[1])}", []).append(chances(*inputs, case["result"]))
            continue
        found, wanted = flat(case["result"]), flat(PEERS[name](*inputs))
        if name == "eigenvectors":
            found = np.concatenate([found[:7], np.array(case["result"][1]).ravel()])
        exact = name in EXACT
        if found.shape != wanted.shape:
            print(f"FAIL {name}: {found.shape} against {wanted.shape}")
            failed += 1
            continue
        scale = np.abs(wanted).max() if not exact else np.maximum(np.abs(wanted), 1e-12)
        off = float(np.max(np.abs(found - wanted) / np.maximum(scale, 1e-30))) if len(wanted) else 0.0
        kept, limit, count = worst.get(name, (0.0, 1e-9 if exact else 2e-6, 0))
        worst[name] = (max(kept, off), limit, count + 1)
    for name, (off, limit, count) in worst.items():
        good = off <= limit
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {off:.1e} of at most {limit:.0e}, {count} cases")
    failed += judge_draws(found_draws)
    print(f"{failed} failed" if failed else "all agree")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
