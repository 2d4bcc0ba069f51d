"""A board as a table that fits a terminal: what runs and what failed first, and what the nodes do. Pure."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from orchestrator.board import FAILED, Board, NodeUse, TrialLine
from orchestrator.figures import figure

_STYLE = {
    "finished": "green",
    "pruned": "yellow",
    "failed": "red",
    "diverged": "red",
    "again": "magenta",
    "running": "cyan",
    "silent": "magenta",
    "paused": "yellow",
    "blocked": "yellow",
    "waiting": "dim",
}
_GAP = 2  # between columns
_BAR = 10


def live_table(board: Board, nodes: Sequence[NodeUse], width: int, height: int) -> Group:
    """At most `height` lines of at most `width` characters."""
    head = [_line(board.headline(), "bold", width)]
    if best := board.best_so_far():
        head.append(_line(best, "bold green", width))
    used = _node_lines(nodes, width, most=max(1, height // 6))
    room = max(1, height - len(head) - len(used) - 2)  # one is the table's own head, one stays free
    if len(board.lines) > room:
        room = max(1, room - 1)
    shown = _chosen(board, room)
    left = board.total - len(shown)
    more = [_line(f"… and {left} more{_of_which(board, shown)}", "dim", width)] if left else []
    return Group(*head, *used, _table(shown, width), *more)


def _chosen(board: Board, room: int) -> list[TrialLine]:
    """Failures, the newest first, in a third of the room or more where nothing else needs it; what runs; what ended
    last; what comes next."""
    failed = board.group(*FAILED)[::-1]
    open_ = board.group("silent", "again", "running")
    ended = sorted(board.group("paused", "blocked", "finished", "pruned"), key=lambda line: -line.moved)
    most = max(room // 3, room - len(open_))
    return (failed[:most] + open_ + ended + board.group("waiting"))[:room]


def _of_which(board: Board, shown: Sequence[TrialLine]) -> str:
    """What of the lines that have no room a person would look for."""
    hidden = {words: board.count(*states) for words, states in (("failed", FAILED), ("running", ("running",)))}
    for line in shown:
        words = "failed" if line.state in FAILED else line.state
        if words in hidden:
            hidden[words] -= 1
    parts = [f"{number} {words}" for words, number in hidden.items() if number > 0]
    return f", {' and '.join(parts)}" if parts else ""


def _table(lines: Sequence[TrialLine], width: int) -> Table:
    """One line of text for each trial: what does not fit is cut off, the figures never."""
    figures = [("epoch", [f"{line.epoch}/{line.epochs}" for line in lines])]
    if width >= 100:
        figures.append(("loss", ["" if line.loss is None else f"{line.loss:.5f}" for line in lines]))
    figures.append(("validation", [figure(line.metric, line.value) for line in lines]))
    figures.append(("best", [figure(line.metric, line.best) for line in lines]))
    widths = [max(map(len, [name, *texts])) for name, texts in figures]
    room = max(20, width - sum(widths) - _GAP * (len(figures) + 1))
    names = [line.name for line in lines]
    states = [_state(line) for line in lines]
    longest = max(map(len, states), default=0)
    label = max(len("trial"), min(max(map(len, names), default=0), max(room - longest, room * 3 // 5)))
    state = max(len("state"), min(longest, room - label))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    table.add_column("trial", no_wrap=True, overflow="ellipsis", width=label)
    table.add_column("state", no_wrap=True, overflow="ellipsis", width=state)
    for (name, _), own in zip(figures, widths, strict=True):
        table.add_column(name, justify="right", no_wrap=True, width=own)
    for number, (line, state) in enumerate(zip(lines, states, strict=True)):
        cells = [texts[number] for _, texts in figures]
        table.add_row(Text(_shortened(names[number], label)), Text(state, style=_STYLE.get(line.state, "")), *cells)
    return table


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


def _shortened(name: str, width: int) -> str:
    """Without its middle: the end holds what differs and the seed."""
    if len(name) <= width:
        return name
    end = (width - 1) * 2 // 3
    return f"{name[: width - 1 - end]}…{name[-end:]}"


def _state(line: TrialLine) -> str:
    more = line.error or line.result
    return line.words + (f": {more}" if more else "")


def _node_lines(nodes: Sequence[NodeUse], width: int, most: int) -> list[Text]:
    """A line for each node; where there are more than `most`, the last ones in one line."""
    if len(nodes) > most:
        rest = nodes[most - 1 :]
        sums = [sum(getattr(node, name) for node in rest) for name in ("cpus", "cpus_used", "gpus", "gpus_used")]
        nodes = [*nodes[: most - 1], NodeUse(f"{len(rest)} {'more ' if most > 1 else ''}nodes", *sums)]
    columns = [
        [_cut(node.name, max(8, width // 3)) for node in nodes],
        [_device("CPU", node.cpus_used, node.cpus) for node in nodes],
        [_device("GPU", node.gpus_used, node.gpus) for node in nodes],
    ]
    widths = [max(map(len, column), default=0) for column in columns]
    rows = zip(*columns, strict=True)
    return [
        _line("  ".join(text.ljust(own) for text, own in zip(row, widths, strict=True)).rstrip(), "", width)
        for row in rows
    ]


def _device(name: str, used: float, total: float) -> str:
    if not total:
        return f"{name} {used:g}" if used else ""
    full = round(_BAR * min(1.0, used / total))
    return f"{name} {'█' * full}{'░' * (_BAR - full)} {used:g}/{total:g}"


def _line(text: str, style: str, width: int) -> Text:
    line = Text(text, style=style, no_wrap=True, overflow="ellipsis")
    line.truncate(width, overflow="ellipsis")
    return line
