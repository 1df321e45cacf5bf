"""A small PDF writer: pages of text and rules in the fonts that every reader has."""

from dataclasses import dataclass, field

WIDTH, HEIGHT, MARGIN = 595, 842, 56
FONTS = {"text": "Helvetica", "bold": "Helvetica-Bold", "serif": "Times-Bold"}
#: Glyph widths of Helvetica in thousandths, as far as figures and their headings need them to line up.
WIDTHS = {".": 278, ",": 278, " ": 278, "-": 333, "/": 278, "c": 500, "i": 222, "m": 833, "r": 333, "t": 278, "y": 500}


@dataclass
class Page:
    """What is drawn on one page, from the top down."""

    commands: list[bytes] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: int = 10, font: str = "text") -> None:
        """Write a line of text that starts at `x`."""
        place = f"BT /{font} {size} Tf {x:.1f} {HEIGHT - y:.1f} Td (".encode()
        self.commands.append(place + escape(text) + b") Tj ET")

    def figure(self, x: float, y: float, text: str, size: int = 10, font: str = "text") -> None:
        """Write a line of text that ends at `x`."""
        width = sum(WIDTHS.get(letter, 722 if letter.isupper() else 556) for letter in text) * size / 1000
        self.text(x - width, y, text, size, font)

    def rule(self, y: float, weight: float = 0.5, left: float = MARGIN) -> None:
        """Draw a line from `left` to the right margin."""
        at = HEIGHT - y
        self.commands.append(f"{weight} w {left} {at:.1f} m {WIDTH - MARGIN} {at:.1f} l S".encode())


def escape(text: str) -> bytes:
    """Encode text for a PDF string; letters outside Windows-1252 become question marks."""
    encoded = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        encoded = encoded.replace(special, b"\\" + special)
    return encoded.replace(b"\r", b" ").replace(b"\n", b" ")


def render(pages: list[Page], title: str) -> bytes:
    """Return the document as bytes."""
    fonts = {name: number for number, name in enumerate(FONTS, start=4)}
    first = 4 + len(FONTS)
    kids = " ".join(f"{first + 2 * index} 0 R" for index in range(len(pages)))
    resources = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Title (" + escape(title) + b") /Producer (Stripe emulator) >>",
        *(_font(base) for base in FONTS.values()),
    ]
    for index, page in enumerate(pages):
        objects += [_page(resources, first + 2 * index + 1), _stream(b"\n".join(page.commands))]
    return _assemble(objects)


def _font(base: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding >>".encode()


def _page(resources: str, contents: int) -> bytes:
    frame = f"/MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << /Font << {resources} >> >>"
    return f"<< /Type /Page /Parent 2 0 R {frame} /Contents {contents} 0 R >>".encode()


def _stream(content: bytes) -> bytes:
    return f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _assemble(objects: list[bytes]) -> bytes:
    document, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    size, start = len(objects) + 1, len(document)
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return document + f"xref\n0 {size}\n0000000000 65535 f \n".encode() + table + trailer
