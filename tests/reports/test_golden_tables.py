"""Whole tables as they print. Every number is worked out here, from errors of single images, in the plainest way."""

from itertools import product
from math import sqrt

import pytest

from reports import judging, latex, markdown, text
from reports.document import Table
from reports.query import Results
from reports.tables import hrmlff_3d, study_overview
from tests.reports.conftest import FakeLedger, identity

# Errors (NME io) of twelve images, two of each of six persons, by seed. "wide" helps all but one person, "deep" nobody.
PLAIN = ((0.050, 0.054, 0.070, 0.066, 0.090, 0.086, 0.060, 0.060, 0.120, 0.116, 0.040, 0.044),) * 3
PLAIN = tuple(tuple(error + 0.001 * seed for error in errors) for seed, errors in enumerate(PLAIN))
GAINS = (-0.010, -0.012, -0.014, -0.016, -0.018, 0.002)  # by person
WIDE = tuple(tuple(error + GAINS[place // 2] for place, error in enumerate(errors)) for errors in PLAIN)
DEEP = tuple(tuple(error + 0.010 + 0.002 * (place // 2) for place, error in enumerate(errors)) for errors in PLAIN)
PERCENT = 100


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def deviation(values) -> float:
    values = list(values)
    return sqrt(sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1))


def of_seeds(per_seed, scale: float = 1.0, digits: int = 2, sign: str = "") -> str:
    values = [scale * value for value in per_seed]
    return f"{mean(values):{sign}.{digits}f} ± {deviation(values):.{digits}f}".replace("-", "−")


def nme(errors) -> float:
    return mean(errors)


def auc(errors) -> float:
    """By a sum over a fine grid of the cumulative distribution."""
    steps = 8000
    return mean(mean(error <= 0.08 * (step + 0.5) / steps for error in errors) for step in range(steps))


def failures(errors) -> float:
    return mean(error > 0.08 for error in errors)


def signed_rank_p(differences) -> float:
    """Over all signs that the differences could have had."""
    order = sorted(range(len(differences)), key=lambda place: abs(differences[place]))
    rank = {place: number + 1 for number, place in enumerate(order)}
    below = sum(rank[place] for place, value in enumerate(differences) if value < 0)
    observed = min(below, sum(rank.values()) - below)
    patterns = list(product((0, 1), repeat=len(differences)))
    sums = [sum(rank[place] for place, sign in enumerate(signs) if sign) for signs in patterns]
    return mean(min(found, sum(rank.values()) - found) <= observed for found in sums)


def by_person(ours, theirs) -> list[float]:
    differences = [mean(seed[place] for seed in ours) - mean(seed[place] for seed in theirs) for place in range(12)]
    return [mean(differences[place : place + 2]) for place in range(0, 12, 2)]


def overview(ledger: FakeLedger, rows: dict) -> Table:
    """A study of these variants, the first of which is its baseline, and of one that waits for its trial."""

    def values(errors) -> dict[str, float]:
        return {"nme_io": nme(errors), "auc_io_8": auc(errors), "fr_io_8": failures(errors)}

    for label, per_seed in rows.items():
        ledger.add_seeds("demo", label, per_seed, baseline=label == "plain", values=values)
    ledger.declare("demo", "wide and deep", 0, ("test",))
    results = Results(ledger)
    table = study_overview.build(results, "demo")
    assert table is not None
    return judging.judged(results, table)


ROWS = {"plain": PLAIN, "wide": WIDE, "deep": DEEP}
NME = {label: of_seeds(map(nme, per_seed), PERCENT) for label, per_seed in ROWS.items()}
DELTA = {
    label: of_seeds((nme(one) - nme(other) for one, other in zip(ROWS[label], PLAIN, strict=True)), PERCENT, sign="+")
    for label in ("wide", "deep")
}
AUC = {label: of_seeds(map(auc, per_seed), digits=3) for label, per_seed in ROWS.items()}
FR = {label: of_seeds(map(failures, per_seed), PERCENT) for label, per_seed in ROWS.items()}


def test_six_persons_cannot_show_a_difference_among_six_comparisons():
    # Of 2⁶ signs the two of one kind are as far out as "deep" is, two more are so for "wide", whose worst rank is 1.
    assert signed_rank_p(by_person(DEEP, PLAIN)) == 2 / 64 and signed_rank_p(by_person(WIDE, PLAIN)) == 4 / 64
    assert 6 * 2 / 64 > 0.05


def test_an_overview_in_markdown(ledger):
    tested = (
        "p \\< 0.05 by Wilcoxon's signed-rank test over persons, corrected by Holm for the 6 comparisons of this "
        "table, and every seed agrees. Fewer than 3 seeds are not tested."
    )
    waiting = " | ".join(["0/1 seeds"] * 4)
    assert markdown.render(overview(ledger, ROWS)) == (
        "### demo\n\n"
        "Variants of demo on the test split: mean ± sample standard deviation over n seeds. "
        "Δ is the difference to “plain”, paired by seed.\n\n"
        "|  | n | Test NME io % ↓ | Test Δ NME io pp ↓ | Test AUC@8 ↑ | Test FR@8 % ↓ |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n"
        f"| plain *(baseline)* | 3 | **{NME['plain']}** | – | **{AUC['plain']}** | **{FR['plain']}** |\n"
        f"| wide | 3 | **{NME['wide']}** | {DELTA['wide']} | **{AUC['wide']}** | **{FR['wide']}** |\n"
        f"| deep | 3 | **{NME['deep']}** | {DELTA['deep']} | **{AUC['deep']}** | **{FR['deep']}** |\n"
        f"| wide and deep | – | {waiting} |\n\n"
        f"- <sup>†</sup> No number differs from the baseline: {tested}\n\n"
        "Bold: the best of our rows on the same data, with all that a paired test over persons, corrected in its "
        "column, does not tell from it.\n\n"
        "Measured on: ytf68 (data d1ge57aa): box of the landmarks × 1.25.\n\n"
        "Empty or incomplete cells are filled by `marksweep run demo`.\n"
    )


# The same with ten persons, all below 8 %: now nobody fails, and ten signs of one kind are p = 2/2¹⁰.
TEN = tuple(tuple(0.030 + 0.002 * (place // 2) + 0.001 * seed for place in range(20)) for seed in range(3))
MANY = {
    "plain": TEN,
    "wide": tuple(tuple(error - 0.001 * (place // 2 + 1) for place, error in enumerate(errors)) for errors in TEN),
    "deep": tuple(tuple(error + 0.001 * (place // 2 + 1) for place, error in enumerate(errors)) for errors in TEN),
}


def _latex(cell: str, before: str = "", mark: str = "") -> str:
    number, spread = cell.replace("−", "-").split(" ± ")
    return f"  & {before}{number} & {before}\\,$\\pm$\\,{spread}{mark} % marksweep: demo_overview | "


def test_an_overview_in_latex(ledger):
    nmes = {label: of_seeds(map(nme, per_seed), PERCENT) for label, per_seed in MANY.items()}
    aucs = {label: of_seeds(map(auc, per_seed), digits=3) for label, per_seed in MANY.items()}
    deltas = {"wide": "-0.55 ± 0.00", "deep": "+0.55 ± 0.00"}  # of .1, .2, …, 1.0 pp the mean
    ids = {label: [identity(identity("demo", label), seed) for seed in range(3)] for label in MANY}
    behind = {label: f"trials {' '.join(trials)} | commit 0123456789ab" for label, trials in ids.items()}
    both = {label: f"trials {' '.join(ids[label] + ids['plain'])} | commit 0123456789ab" for label in deltas}
    dagger, bold = r"\textsuperscript{\textdagger{}}", r"\bfseries "

    def second(cell: str) -> str:
        number, spread = cell.split(" ± ")
        form = f"1.{len(number.split('.')[1])}"
        underlined = rf"{{\underline{{\tablenum[table-format={form}]{{{number}}}}}}}"
        return rf"  & {underlined} & \,$\pm$\,{spread} % marksweep: demo_overview | "

    assert latex.render(overview(ledger, MANY)).splitlines() == [
        r"% Written by marksweep from its ledger. Needs \usepackage{booktabs,siunitx,graphicx}.",
        "% measured on: ytf68 (data d1ge57aa): box of the landmarks × 1.25",
        "% fills the empty cells: marksweep run demo",
        r"\begin{table}[tp]",
        r"\centering",
        r"\caption{Variants of demo on the test split: mean $\pm$ sample standard deviation over n seeds. "
        r"$\Delta$ is the difference to ``plain'', paired by seed.}\label{tab:demo_overview}",
        r"\small",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        r"\begin{tabular}{@{}lrS[detect-weight,retain-explicit-plus,table-format=1.2]@{}l"
        r"S[detect-weight,retain-explicit-plus,table-format=+1.2]@{}l"
        r"S[detect-weight,retain-explicit-plus,table-format=1.3]@{}l"
        r"S[detect-weight,retain-explicit-plus,table-format=1.2]@{}l@{}}",
        r"\toprule",
        r" &  & \multicolumn{8}{c}{Test} \\",
        r"\cmidrule(lr){3-10}",
        r" & $n$ & \multicolumn{2}{c}{NME io} & \multicolumn{2}{c}{$\Delta$ NME io} & \multicolumn{2}{c}{AUC@8} & "
        r"\multicolumn{2}{c}{FR@8} \\",
        r" &  & \multicolumn{2}{c}{\% $\downarrow$} & \multicolumn{2}{c}{pp $\downarrow$} & "
        r"\multicolumn{2}{c}{$\uparrow$} & \multicolumn{2}{c}{\% $\downarrow$} \\",
        r"\midrule",
        r"plain {\scriptsize baseline}",
        "  & 3",
        f"{second(nmes['plain'])}plain | nme_io test | {behind['plain']}",
        r"  & \multicolumn{2}{c}{--} % marksweep: demo_overview | plain | Δ nme_io test | –",
        f"{second(aucs['plain'])}plain | auc_io_8 test | {behind['plain']}",
        f"{_latex('0.00 ± 0.00')}plain | fr_io_8 test | {behind['plain']}",
        r"  \\",
        "wide",
        "  & 3",
        f"{_latex(nmes['wide'], bold, dagger)}wide | nme_io test | {behind['wide']}",
        f"{_latex(deltas['wide'])}wide | Δ nme_io test | {both['wide']}",
        f"{_latex(aucs['wide'], bold, dagger)}wide | auc_io_8 test | {behind['wide']}",
        f"{_latex('0.00 ± 0.00')}wide | fr_io_8 test | {behind['wide']}",
        r"  \\",
        "deep",
        "  & 3",
        f"{_latex(nmes['deep'], '', dagger)}deep | nme_io test | {behind['deep']}",
        f"{_latex(deltas['deep'])}deep | Δ nme_io test | {both['deep']}",
        f"{_latex(aucs['deep'], '', dagger)}deep | auc_io_8 test | {behind['deep']}",
        f"{_latex('0.00 ± 0.00')}deep | fr_io_8 test | {behind['deep']}",
        r"  \\",
        "wide and deep",
        "  & --",
        r"  & \multicolumn{8}{l}{0/1 seeds} % marksweep: demo_overview | wide and deep | nme_io test | 0/1 seeds; fill "
        "with: marksweep run demo",
        r"  \\",
        r"\bottomrule",
        r"\end{tabular}}",
        r"\par\smallskip",
        r"\noindent\begin{minipage}{\linewidth}\scriptsize",
        r"\textsuperscript{\textdagger{}}~Differs from the baseline: p \textless{} 0.05 by Wilcoxon's signed-rank "
        r"test over persons, corrected by Holm for the 6 comparisons of this table, and every seed agrees. Fewer than "
        r"3 seeds are not tested.\par",
        "Bold: the best of our rows on the same data, with all that a paired test over persons, corrected in its "
        "column, does not tell from it; "
        r"underlined: the next.\par",
        r"\end{minipage}",
        r"\end{table}",
    ]


def test_an_overview_in_plain_text(ledger):
    nmes = {label: of_seeds(map(nme, per_seed), PERCENT) for label, per_seed in MANY.items()}
    aucs = {label: of_seeds(map(auc, per_seed), digits=3) for label, per_seed in MANY.items()}
    rows = [
        ("", "n", "NME io", "Δ NME io", "AUC@8", "FR@8"),
        ("", "", "% ↓", "pp ↓", "↑", "% ↓"),
        ("plain", "3", f"{nmes['plain']} °", "–", f"{aucs['plain']} °", "0.00 ± 0.00"),
        ("wide", "3", f"{nmes['wide']} † *", "−0.55 ± 0.00", f"{aucs['wide']} † *", "0.00 ± 0.00"),
        ("deep", "3", f"{nmes['deep']} †", "+0.55 ± 0.00", f"{aucs['deep']} †", "0.00 ± 0.00"),
        ("wide and deep", "–", *["0/1 seeds"] * 4),
    ]
    shown = [line.split("  ") for line in text.plain(overview(ledger, MANY)).splitlines()]
    found = [tuple(filter(None, map(str.strip, line))) for line in shown[2:4] + shown[5:9]]
    assert shown[0] == ["demo (Test)"]
    assert found == [tuple(filter(None, row)) for row in rows]
    assert [" ".join(line) for line in shown[9:]] == [
        "*: the best of our rows on the same data, with all that a paired test over persons, corrected in its column, "
        "does not tell from it; "
        "°: the next.",
        "† Differs from the baseline: p < 0.05 by Wilcoxon's signed-rank test over persons, corrected by Holm for the "
        "6 comparisons of this table, and every seed agrees. Fewer than 3 seeds are not tested.",
        "To fill: marksweep run demo",
    ]


def test_a_papers_table_in_markdown_beside_its_published_number(ledger):
    def area(errors, threshold: float) -> float:
        return mean(max(0.0, threshold - error) / threshold for error in errors)

    networks = {"HR-MLFF": MANY["plain"], "HRNet": MANY["deep"]}
    for label, per_seed in networks.items():
        values = lambda errors: {f"auc_io_{percent}": area(errors, percent / 100) for percent in (7, 10)}  # noqa: E731
        ledger.add_seeds("hrmlff_wflw", label, per_seed, baseline=label == "HR-MLFF", values=values)
    # By hand: errors of 3.0 to 4.8 % in steps of .2, mean 3.9 %, each seed .1 pp more, none above 7 %. The area is
    # then 1 − mean/t, and so is that of HRNet, whose errors are .55 pp more on average, up to 6.0 %.
    assert area(networks["HRNet"][2], 0.07) == pytest.approx(1 - (3.9 + 0.55 + 0.2) / 7)
    ours = {
        label: [of_seeds((1 - (3.9 + more + 0.1 * seed) / t for seed in range(3)), digits=3) for t in (7, 10)]
        for label, more in (("HR-MLFF", 0.0), ("HRNet", 0.55))
    }
    results = Results(ledger)
    lines = markdown.render(judging.judged(results, hrmlff_3d.build(results))).splitlines()
    before, after = " | ".join(["–"] * 6), " | ".join(["–"] * 4)
    waits, also = " | ".join(["not run"] * 6), " | ".join(["not run"] * 4)
    assert [line for line in lines if line.startswith("| H")] == [
        f"| HR-MLFF<sup>a,b</sup> | – | {before} | 0.547<sup>‡</sup> | 0.547<sup>‡</sup> | {after} |",
        f"| HR-MLFF | 3 | {waits} | **{ours['HR-MLFF'][0]}** | **{ours['HR-MLFF'][1]}** | {also} |",
        f"| HRNet | 3 | {waits} | {ours['HRNet'][0]}<sup>†</sup> | {ours['HRNet'][1]}<sup>†</sup> | {also} |",
    ]
    assert "- <sup>‡</sup> Measured in another way than ours: normaliser not stated; threshold not stated." in lines
