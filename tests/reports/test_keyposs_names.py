"""Reports cannot import codecs or studies; here the words that both use are compared."""

from reports import keyposs
from reports.tables import keyposs_1
from search_spaces.studies import _keyposs, keyposs_1_scattered, keyposs_wflw, keyposs_ytf68
from trainables.codecs.dark import Dark
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.trial import Evaluation


def test_decoders_are_called_as_they_call_themselves():
    assert OneHot().describe() == keyposs.ONE_HOT
    assert TwoHot().describe() == keyposs.TWO_HOT
    assert Dark().describe() == keyposs.DARK
    assert Dark(blur=1).describe() == keyposs.DARK_WITHOUT_BLUR
    assert GaussNewton().describe() == keyposs.GAUSS_NEWTON
    assert {one.kernel: one.describe() for one in _keyposs.KEYPOSS} == keyposs.KERNEL_DECODERS
    assert Evaluation(decoder=OneHot(), flip_test="one").read_by == keyposs.ONE_HOT + keyposs.FLIPPED


def test_variants_are_called_as_in_their_studies():
    of_paper = {keyposs.label(size, encoding) for size in keyposs.SIZES for encoding in ("biased", "unbiased")}
    assert {variant.label for variant in keyposs_wflw.STUDY.variants} == of_paper
    of_ytf68 = {keyposs.label(size, encoding) for size in keyposs.YTF68.sizes for encoding in ("biased", "unbiased")}
    assert {variant.label for variant in keyposs_ytf68.STUDY.variants} == of_ytf68
    assert {variant.label for variant in keyposs_1_scattered.STUDY.variants} == set(map(keyposs.label, keyposs.SIZES))


def test_studies_ask_for_every_decoder_of_the_tables():
    assert {one.read_by for one in keyposs_ytf68.STUDY.evaluations} >= {*keyposs.TITLES}
    assert {one.read_by for one in keyposs_wflw.STUDY.evaluations} >= {
        text + keyposs.FLIPPED for text in keyposs.TITLES
    }
    assert {one.read_by for one in keyposs_1_scattered.STUDY.evaluations} >= {*keyposs_1.DECODERS.values()}
