"""What a user means by a name: it itself, in another case, or a part that only one has."""

import difflib
from collections.abc import Iterable, Sequence


def place_of(name: str, known: Sequence[tuple[str, ...]], what: str) -> int:
    """The place of what is called so. Each has its own name first, then others that it is also known by.

    ValueError says which it could be, or the nearest and all that there are; `what` is what it is: "column of demo".
    """
    own = [names[0] for names in known]
    if name in own:
        return own.index(name)
    wanted, found = name.casefold(), list[int]()
    for same in (wanted.__eq__, lambda one: wanted in one):
        found = [place for place, names in enumerate(known) if any(same(one.casefold()) for one in names)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    if found:
        which = "\n".join(f"  {own[place]}" for place in found)
        raise ValueError(f"There is more than one {what} with {name!r}. Say which:\n{which}")
    there_are = "\n".join(f"  {one}" for one in own) or "  none"
    raise ValueError(f"No {what} is called {name!r}.{did_you_mean(name, own)} There are:\n{there_are}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the known name that is most alike, whatever its case; empty where none is."""
    by_case = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), by_case, n=1)
    return f" Did you mean {by_case[near[0]]!r}?" if near else ""
