"""Draw the icons and the sharing picture anew from the logo, the name and the hue: `make pictures`.

Reads `static/logo.svg` (its `#mark`), the tokens and the landing page's headline; writes `static/favicon.svg`,
`favicon.ico`, `icons/` and `sharing.png`, and the colours of mails and of the home screen, which know no tokens. It
needs Chromium (`apt-get install chromium`).
"""

import re
import shutil
import struct
import sys
from html import escape
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from playwright.sync_api import Browser, sync_playwright

from scripts.rename import Names

ROOT = Path(__file__).resolve().parents[1]
SVG = "http://www.w3.org/2000/svg"
ICONS = {"icons/apple-touch-icon.png": 180, "icons/icon-192.png": 192, "icons/icon-512.png": 512}
SMALLEST = 32
# In the size that the Open Graph protocol's readers ask for.
SHARING = {"width": 1200, "height": 630}
# What a mail's template calls each token that it has in hex, light and dark.
MAIL, MANIFEST = "templates/mail/base.html", "templates/site.webmanifest"
IN_MAILS = {
    "canvas": "canvas",
    "surface": "surface",
    "ink": "ink",
    "muted": "ink-muted",
    "line": "line",
    "accent": "accent",
    "label_ink": "accent-ink",
}


def draw(root: Path, browser: Browser) -> list[str]:
    """Write every picture and colour; their paths. Raise `ValueError` for a logo or tokens that lack a part."""
    static = root / "static"
    light, dark = (_colours(static / "css/tokens.css", browser, scheme) for scheme in ("light", "dark"))
    favicon = _favicon(_mark(static / "logo.svg"), light["accent"])
    (static / "favicon.svg").write_text(favicon)
    for name, size in ICONS.items():
        (static / name).write_bytes(_icon(favicon, size, browser))
    (static / "favicon.ico").write_bytes(_ico(_icon(favicon, SMALLEST, browser)))
    _draw_sharing(root, browser)
    _colour_mails(root / MAIL, light, dark)
    _colour_manifest(root / MANIFEST, light)
    pictures = ["favicon.svg", "favicon.ico", *ICONS, "sharing.png"]
    return [*(f"static/{name}" for name in pictures), MAIL, MANIFEST]


def _mark(logo: Path) -> str:
    """The logo's drawing, without the picture around it."""
    ElementTree.register_namespace("", SVG)
    mark = ElementTree.parse(logo).find(f".//{{{SVG}}}*[@id='mark']")
    if mark is None:
        raise ValueError(f"{logo}: nothing in it has the id `mark`")
    return ElementTree.tostring(mark, encoding="unicode").replace(f' xmlns="{SVG}"', "").strip()


def _colours(tokens: Path, browser: Browser, scheme: Literal["light", "dark"]) -> dict[str, str]:
    """The colours that other files have in hex, by token as `#rrggbb`, as a browser understands the tokens."""
    page = browser.new_page(color_scheme=scheme)
    page.set_content(f"<style>{tokens.read_text()}</style><canvas></canvas>")
    found: dict[str, list[int]] = page.eval_on_selector(
        "canvas",
        """(canvas, tokens) => Object.fromEntries(tokens.map((token) => {
          const pen = canvas.getContext("2d", { willReadFrequently: true });
          canvas.style.color = `var(--${token})`;
          pen.fillStyle = getComputedStyle(canvas).color;
          pen.fillRect(0, 0, 1, 1);
          return [token, [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)];
        }))""",
        list(IN_MAILS.values()),
    )
    page.close()
    return {token: "#{:02x}{:02x}{:02x}".format(*parts) for token, parts in found.items()}


def _colour_mails(template: Path, light: dict[str, str], dark: dict[str, str]) -> None:
    text = template.read_text()
    for name, token in IN_MAILS.items():
        pair = f'{{% set {name}, {name}_dark = "{light[token]}", "{dark[token]}" %}}'
        text = re.sub(rf"{{% set {name}, {name}_dark = [^%]*%}}", pair, text)
    template.write_text(text)


def _colour_manifest(template: Path, light: dict[str, str]) -> None:
    text = re.sub(r'("background_color": )"[^"]*"', rf'\1"{light["canvas"]}"', template.read_text())
    template.write_text(re.sub(r'("theme_color": )"[^"]*"', rf'\1"{light["accent"]}"', text))


def _favicon(mark: str, accent: str) -> str:
    return (
        f'<svg xmlns="{SVG}" viewBox="0 0 32 32">\n'
        f'  <rect width="32" height="32" rx="7" fill="{accent}"/>\n'
        f'  <g transform="translate(3.2 2.7) scale(.8)" color="#fff">{mark}</g>\n'
        "</svg>\n"
    )


def _icon(favicon: str, size: int, browser: Browser) -> bytes:
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; inline-size: {size}px }}</style>{favicon}")
    picture = page.screenshot(omit_background=True)
    page.close()
    return picture


def _ico(png: bytes) -> bytes:
    """The picture as an icon file: one entry, a PNG, which every browser of today reads."""
    header = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", SMALLEST, SMALLEST, 0, 0, 1, 32, len(png), len(header) + 16)
    return header + entry + png


def _draw_sharing(root: Path, browser: Browser) -> None:
    words = {"name": Names.now(root).name, "headline": _headline(root), "static": (root / "static").as_uri()}
    drawing = root / "static" / "sharing.html"
    html = (ROOT / "scripts/sharing.html").read_text()
    drawing.write_text(re.sub(r"\{(name|headline|static)\}", lambda found: escape(words[found[1]]), html))
    try:
        page = browser.new_page(viewport=SHARING, color_scheme="light")  # type: ignore[arg-type]
        page.goto(drawing.as_uri())
        page.screenshot(path=root / "static/sharing.png")
        page.close()
    finally:
        drawing.unlink()


def _headline(root: Path) -> str:
    """What the landing page says first; the name where that is not plain words."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", (root / "templates/pricing/landing.html").read_text(), re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""
    return words if words and not re.search(r"[{}]", words) else Names.now(root).name


def main() -> None:
    """Draw this clone's pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed to draw: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            print("Drawn:", ", ".join(draw(ROOT, browser)))
        except ValueError as wrong:
            sys.exit(str(wrong))
        finally:
            browser.close()


if __name__ == "__main__":
    main()
