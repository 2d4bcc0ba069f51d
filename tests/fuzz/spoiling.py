"""How content is spoiled: bytes as disks, networks and editors do it, text as people and programs do it."""

import re
from collections.abc import Callable, Sequence
from random import Random
from struct import pack

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
_ODD_NUMBERS = (
    *(b"0", b"-0", b"-1", b"1e309", b"-1e308", b"1e-400", b"nan", b"NaN", b"inf", b"-Infinity", b"0x10", b"1_0", b""),
    *(b"9" * 400, b"9" * 5000, b"18446744073709551616", b"-9223372036854775809", b"2147483648", b"1.5.2", b"1,5"),
    *("١٢".encode(), "½".encode(), b"true", b"null", b"1e5", b"1000000", b"0.1", b"007", b"+3", b" 4 "),
)
_ODD_TEXTS = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a", b"\r", b"\r\n", b"\n\n", b"\t", b"\x80", b"\xed\xa0\x80", b"\\"),
    *("é".encode(), "\u202e".encode(), "\u2028".encode(), "😀".encode(), "ﬁ".encode(), b'"', b"'", b"#", b"%s", b"{}"),
    *(b"A" * 300, b"A" * 5000, b"\\ud800", b"\\u0000", b"&#0;", b"&lt;", b"]]>", b"//", b"~", b"$HOME"),
)
PATHS = (
    *(b"../../etc/passwd", b"/etc/passwd", b"..", b".", b"/", b"./../..", b"a/../../b", b"..\\..\\etc\\passwd"),
    *(b"file:///etc/passwd", b"//etc/passwd", b"C:\\Windows\\win.ini", b"/dev/zero", b"/proc/self/mem", b"~/.ssh"),
)
_OPENINGS = (b"(", b"[", b"{", b"<a>", b'{"a":', b"not ", b"-", b"lambda:", b"((", b"f(")
_ODD_WORDS = (
    *(b"0", b"255", b"-1", b"1", b"2147483647", b"2147483648", b"4294967295"),
    *(b"9223372036854775807", b"18446744073709551615", b"16777216"),
)

Change = Callable[[bytes, bytes, Random], bytes]


def spoiled(content: bytes, other: bytes, random: Random, changes: Sequence[Change]) -> tuple[bytes, str]:
    """Another content, and by which of the `changes` it came about. `other` is a valid file to splice with, which alone
    does not come about: a whole file in the place of another is somebody's doing, and no damage."""
    while True:
        made, used = content, []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            change = random.choice(changes)
            made = change(made, other, random)
            used.append(change.__name__)
        if made not in (content, other):
            return made, ", ".join(used)


def _span(content: bytes, random: Random, longest: int = 64) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + random.randint(1, longest))


def bits_flipped(content: bytes, other: bytes, random: Random) -> bytes:
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8)) if found else 0):
        found[random.randrange(len(found))] ^= 1 << random.randrange(8)
    return bytes(found)


def bytes_overwritten(content: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(content, random, 16)
    return content[:start] + random.randbytes(end - start) + content[end:]


def word_overwritten(content: bytes, other: bytes, random: Random) -> bytes:
    """A length or an offset, as binary formats write it, becomes an absurd one."""
    word = pack(random.choice(("<Q", "<I", ">I", "<H", ">H")), 0)
    value = int(random.choice(_ODD_WORDS)) % 2 ** (8 * len(word))
    start = random.randint(0, max(0, len(content) - len(word)))
    order = random.choice(("little", "big"))
    return content[:start] + value.to_bytes(len(word), order) + content[start + len(word) :]


def cut_off(content: bytes, other: bytes, random: Random) -> bytes:
    return content[: random.choice((random.randint(0, len(content)), max(0, len(content) - random.randint(1, 16))))]


def beginning_lost(content: bytes, other: bytes, random: Random) -> bytes:
    return content[random.randint(1, max(1, len(content) // 4)) :]


def bytes_inserted(content: bytes, other: bytes, random: Random) -> bytes:
    start = random.randint(0, len(content))
    return content[:start] + random.randbytes(random.choice((1, 4, 8, 100))) + content[start:]


def bytes_removed(content: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(content, random)
    return content[:start] + content[end:]


def block_zeroed(content: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(content, random, 512)
    return content[:start] + bytes(end - start) + content[end:]


def block_doubled(content: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(content, random, 512)
    return content[:end] + content[start:end] + content[end:]


def blocks_swapped(content: bytes, other: bytes, random: Random) -> bytes:
    length = random.choice((1, 8, 64, 512))
    if len(content) < 2 * length:
        return content[::-1]
    first = random.randint(0, len(content) - 2 * length)
    second = random.randint(first + length, len(content) - length)
    one, two = content[first : first + length], content[second : second + length]
    return content[:first] + two + content[first + length : second] + one + content[second + length :]


def spliced(content: bytes, other: bytes, random: Random) -> bytes:
    """The beginning of one valid file, the end of another."""
    where = random.random()
    return content[: int(where * len(content))] + other[int(where * len(other)) :]


def replaced(content: bytes, other: bytes, random: Random) -> bytes:
    return random.choice((b"", b"\n", b"\0", bytes(4096), random.randbytes(300)))


def appended(content: bytes, other: bytes, random: Random) -> bytes:
    return content + random.choice((b"\0", b"\n", b"x", random.randbytes(40), bytes(600), content, other))


BINARY: tuple[Change, ...] = (
    *(bits_flipped,) * 4,
    *(bytes_overwritten,) * 2,
    *(word_overwritten,) * 3,
    *(cut_off, beginning_lost, bytes_inserted, bytes_removed, block_zeroed, block_doubled),
    *(blocks_swapped, spliced, replaced, appended),
)


def number_changed(content: bytes, other: bytes, random: Random) -> bytes:
    found = [match.span() for match in _NUMBER.finditer(content)]
    if not found:
        return content
    start, end = random.choice(found)
    return content[:start] + random.choice(_ODD_NUMBERS) + content[end:]


def token_changed(content: bytes, other: bytes, random: Random) -> bytes:
    """A word, a sign or a blank is lost, doubled, swapped, misspelt, or another one of the file."""
    tokens = _TOKEN.findall(content)
    if len(tokens) < 2:
        return content
    place = random.randrange(len(tokens) - 1)
    way = random.randrange(6)
    if way == 0:
        del tokens[place]
    elif way == 1:
        tokens.insert(place, tokens[place])
    elif way == 2:
        tokens[place], tokens[place + 1] = tokens[place + 1], tokens[place]
    elif way == 3:
        letters = bytearray(tokens[place])
        letters[random.randrange(len(letters))] = random.choice(b"abcxyz_AZ09-.,:;=()[]{}'\" ")
        tokens[place] = bytes(letters)
    else:
        tokens[place] = random.choice(tokens)
    return b"".join(tokens)


def text_inserted(content: bytes, other: bytes, random: Random) -> bytes:
    start = random.randint(0, len(content))
    return content[:start] + random.choice(_ODD_TEXTS) + content[start:]


def lines_moved(content: bytes, other: bytes, random: Random) -> bytes:
    """A line is lost, doubled, cut off, moved to another place, or blanks stand before it."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    place = random.randrange(len(lines))
    way = random.randrange(5)
    line = lines.pop(place)
    if way == 1:
        lines[place:place] = [line, line]
    elif way == 2:
        lines.insert(place, line[: random.randint(0, len(line))])
    elif way == 3:
        lines.insert(random.randint(0, len(lines)), line)
    elif way == 4:
        lines.insert(place, b" " * random.randint(1, 5) + line)
    return b"".join(lines)


def encoded_otherwise(content: bytes, other: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    encoding = random.choice(("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7"))
    return (text + random.choice(("", "ü", "“ ”"))).encode(encoding, errors="replace")


def nested(content: bytes, other: bytes, random: Random) -> bytes:
    start = random.randint(0, len(content))
    depth = random.choice((10, 150, 1000, 20_000))
    return content[:start] + random.choice(_OPENINGS) * depth + content[start:]


def path_inserted(content: bytes, other: bytes, random: Random) -> bytes:
    """Instead of a word, often one with a suffix: the name of a picture."""
    found = [match.span() for match in re.finditer(rb"[\w/ .-]*\.(?:jpg|png)|\w+", content)]
    if not found:
        return content
    start, end = random.choice(found)
    return content[:start] + random.choice(PATHS) + content[end:]


CODE: tuple[Change, ...] = (
    *(token_changed,) * 6,
    *(number_changed,) * 3,
    *(text_inserted,) * 2,
    *(lines_moved,) * 2,
    *(bits_flipped, encoded_otherwise, nested, cut_off, spliced, bytes_removed, block_doubled, replaced),
)
TEXT: tuple[Change, ...] = (*CODE, *(number_changed,) * 3, *(path_inserted,) * 3)
