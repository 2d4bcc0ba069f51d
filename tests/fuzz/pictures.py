"""Pictures that are spoiled: as any binary file, and by headers that promise more than there is."""

from random import Random
from struct import pack
from zlib import crc32

from tests.fuzz.spoiling import BINARY, Change

_SIDES = (0, 1, 2, 255, 4096, 20_000, 32_767, 65_535, 65_536, 1_000_000, 2**31 - 1, 2**31, 2**32 - 1)
_FRAMES = tuple(range(0xC0, 0xC4))


def header_absurd(content: bytes, other: bytes, random: Random) -> bytes:
    """Other sides, or another depth or kind of colour, in a header that is well-formed."""
    sides = [random.choice(_SIDES) for _ in range(2)]
    if content.startswith(b"\x89PNG") and len(content) > 33:
        header = bytearray(content[12:29])
        if random.random() < 0.7:
            header[4:12] = pack(">II", *sides)
        else:
            header[random.randrange(12, 17)] = random.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
        return content[:12] + bytes(header) + pack(">I", crc32(bytes(header))) + content[33:]
    frame = next((content.find(bytes((0xFF, mark))) for mark in _FRAMES if bytes((0xFF, mark)) in content), -1)
    if frame < 0 or not content.startswith(b"\xff\xd8"):
        return content
    return content[: frame + 5] + pack(">HH", *(side % 2**16 for side in sides)) + content[frame + 9 :]


def chunks_moved(content: bytes, other: bytes, random: Random) -> bytes:
    """A whole chunk of a PNG file is lost, doubled or stands elsewhere."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        chunks.append(content[place:end])
        place = end
    if len(chunks) < 2:
        return content
    chunk = chunks.pop(random.randrange(len(chunks)))
    for _ in range(random.randrange(3)):
        chunks.insert(random.randint(0, len(chunks)), chunk)
    return content[:8] + b"".join(chunks)


PICTURE: tuple[Change, ...] = (*BINARY, *(header_absurd,) * 4, *(chunks_moved,) * 2)
