"""Figures as pictures: drawn once for each theme, by several processes, and only those whose data changed."""

import pytest

from reports import plots
from reports.drawing import Curves, Figure, Line
from reports.drawn_figures import FEW, DrawnFigures


def a_figure(name: str = "demo_ced", *heights: float) -> Figure:
    line = Line(label="plain", series=0, x=(0.0, 1.0), y=heights or (0.0, 1.0))
    return Figure(
        name=name, title="", caption="", draw="curves", data=Curves(x_label="x", y_label="share", lines=(line,))
    )


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Writes figures as a report does; returns the names of those that were drawn for it."""
    heard: list[str] = []
    drawn = plots.drawn

    def listen(figure):
        heard.append(figure.name)
        return drawn(figure)

    monkeypatch.setattr(plots, "drawn", listen)

    def make(*shown: Figure, keeps: bool = True) -> list[str]:
        heard.clear()
        with DrawnFigures(tmp_path, len(shown), keeps) as figures:
            for figure in shown:
                made = figures.of(figure)
                (tmp_path / "figures").mkdir(exist_ok=True)
                for form in ("pdf", "png"):
                    (tmp_path / "figures" / f"{figure.name}.{form}").write_bytes(getattr(made, form))
        return list(heard)

    return make


def test_a_figure_whose_data_did_not_change_is_not_drawn_again(draw):
    assert draw(a_figure("one"), a_figure("two")) == ["one", "two"]
    assert draw(a_figure("one"), a_figure("two", 0.0, 0.5)) == ["two"]
    assert draw(a_figure("two", 0.0, 0.5)) == []


def test_a_picture_that_is_gone_is_drawn_again(draw, tmp_path):
    draw(a_figure("one"))
    (tmp_path / "figures" / "one.pdf").unlink()
    assert draw(a_figure("one")) == ["one"]


def test_figures_of_an_anonymous_report_are_neither_kept_nor_taken(draw, tmp_path):
    assert draw(a_figure("one"), keeps=False) == ["one"]
    assert not (tmp_path / ".pictures").exists()
    draw(a_figure("one"))
    assert draw(a_figure("one"), keeps=False) == ["one"]


def test_what_was_kept_is_what_was_drawn(tmp_path):
    figure = a_figure("one")
    with DrawnFigures(tmp_path, 1) as figures:
        first = figures.of(figure)
    (tmp_path / "figures").mkdir()
    for form in ("pdf", "png"):
        (tmp_path / "figures" / f"one.{form}").write_bytes(getattr(first, form))
    with DrawnFigures(tmp_path, 1) as figures:
        assert figures.of(figure) == first


def test_another_process_draws_the_same(tmp_path):
    several = [a_figure(f"figure {number}", 0.0, float(number)) for number in range(FEW + 1)]
    with DrawnFigures(tmp_path, len(several), keeps=False) as figures:
        for figure in several:
            figures.begin(figure)
        assert [figures.of(figure) for figure in several] == [plots.drawn(figure) for figure in several]


def test_a_file_that_another_report_wrote_meanwhile_is_not_taken(draw, tmp_path):
    draw(a_figure("one"))
    (tmp_path / "figures" / "one.png").write_bytes(b"of an anonymous report")
    assert draw(a_figure("one")) == ["one"]
    (tmp_path / ".pictures" / "one.light").write_bytes(b"cut off")
    assert draw(a_figure("one")) == ["one"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b'{"one": 3}'])
def test_damaged_digests_count_as_none(draw, tmp_path, content):
    (tmp_path / ".pictures").mkdir()
    (tmp_path / ".pictures" / "digests.json").write_bytes(content)
    assert draw(a_figure("one")) == ["one"]


def test_a_figure_that_is_asked_for_twice_is_drawn_once(draw):
    assert draw(a_figure("one"), a_figure("one")) == ["one"]
