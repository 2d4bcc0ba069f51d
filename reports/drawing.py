"""What a figure shows, as plain frozen data: lines, faces, dots, planes, bars. Draws nothing."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve with an optional band. `series` is the variant's place in its study: it fixes the colour everywhere."""

    label: str
    series: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    dashed: bool = False
    trials: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Curves:
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    y_log: bool = False
    x_doubling: bool = False  # a logarithmic axis that names the x of the lines and nothing else
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    threshold: float | None = None  # a vertical rule, in units of x
    key: tuple[tuple[str, bool], ...] = ()  # what a solid and a dashed line mean: (words, dashed)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over steps that have names instead of numbers: x counts the steps from 0."""

    title: str
    steps: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Several panels with one y axis and one legend."""

    y_label: str
    panels: tuple[Panel, ...]
    y_log: bool = False


@dataclass(frozen=True, kw_only=True)
class LandmarkMap:
    """A face with a value at each landmark; points in any unit, y downwards."""

    label: str
    points: tuple[tuple[float, float], ...]
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LandmarkMaps:
    """Faces with one scale of values."""

    value_label: str
    maps: tuple[LandmarkMap, ...]


@dataclass(frozen=True, kw_only=True)
class Face:
    """A picture with two sets of points, both in pixels of the picture and both empty where it is not about them."""

    picture: bytes  # JPEG or PNG
    truth: tuple[tuple[float, float], ...] = ()
    prediction: tuple[tuple[float, float], ...] = ()
    caption: str = ""
    image: str
    trial: str


@dataclass(frozen=True, kw_only=True)
class FaceGrid:
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Face, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """A heatmap, some of its cells as anchors, and how far each says the landmark is. All positions in cells."""

    heatmap: tuple[tuple[float, ...], ...]  # rows of values, in [0, 1]
    anchors: tuple[tuple[float, float], ...]  # (x, y), the centre of the first cell at (0, 0)
    distances: tuple[float, ...]
    truth: tuple[float, float]
    prediction: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A mean over seeds with its spread, the seeds themselves, and what a paper printed."""

    label: str
    group: str
    mean: float
    spread: float | None
    values: tuple[float, ...]
    published: float | None = None
    series: int | None = None  # the variant's place in its study, where the colour shall say it


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Rows of dots over one axis, in groups. `zero`: whether 0 is what all are compared with."""

    x_label: str
    dots: tuple[Dot, ...]
    zero: bool = False
    published_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A trial of a search in a plane. Without a y it has no value, and stands at the upper edge.

    `is_minor`: its value does not count as much as others', because it was stopped early. `is_far`: its y is so far
    above the others' that it stands at the upper edge, too.
    """

    x: float
    y: float | None
    trial: str
    is_minor: bool = False
    is_far: bool = False
    mark: Literal["", "default", "best", "front"] = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Spots and a line of steps through some of them. `names`: those of choices, which x counts from 0.

    `step`: the side of a point on which the line stays at its height: "post" is the right one.
    """

    x_label: str
    y_label: str
    spots: tuple[Spot, ...]
    line: tuple[tuple[float, float], ...] = ()
    line_label: str = ""  # empty where the spots say what it is
    step: Literal["pre", "post"] = "post"
    names: tuple[str, ...] = ()
    x_limits: tuple[float, float] | None = None
    x_log: bool = False
    y_log: bool = False
    x_whole: bool = False  # x are numbers of trials


@dataclass(frozen=True, kw_only=True)
class Planes:
    """Rows of planes with one legend; those of a row that have one y label share their y axis."""

    rows: tuple[tuple[Plane, ...], ...]


@dataclass(frozen=True, kw_only=True)
class BarGroup:
    """Shares of one whole, each with the name of what has it; `text` instead of them where there are none."""

    title: str
    bars: tuple[tuple[str, float], ...] = ()
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Bars:
    x_label: str
    groups: tuple[BarGroup, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a figure shows. `draw` names the function of `plots` that draws `data`."""

    name: str
    title: str
    caption: str
    draw: Literal["curves", "panels", "maps", "faces", "ranges", "dots", "planes", "bars"]
    data: Curves | Panels | LandmarkMaps | FaceGrid | Ranges | Dots | Planes | Bars
    trials: tuple[str, ...] = ()
    is_wide: bool = False  # takes the whole width of a page

    def __post_init__(self) -> None:
        wanted = _DRAWN_BY[type(self.data)]
        if self.draw != wanted:
            data = type(self.data).__name__
            raise ValueError(f"Figure {self.name}: draw={self.draw!r} does not draw {data}. Write draw={wanted!r}.")


_DRAWN_BY = {
    Curves: "curves", Panels: "panels", LandmarkMaps: "maps", FaceGrid: "faces", Ranges: "ranges", Dots: "dots",
    Planes: "planes", Bars: "bars",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure to print, and its pictures for light and for dark pages: PNG, or JPEG of photographs."""

    pdf: bytes
    png: bytes
    light: bytes
    dark: bytes
