"""The bench's picture: bars, one panel per figure, as an SVG that brings its own background and so
reads on light and dark pages alike."""

from html import escape

# What is drawn: the first words of the table's row, and the panel's title.
PANELS = [
    ("start to", "Start, in ms"),
    ("round trip, p50", "Round trip of a trivial cell, median, in µs"),
    ("memory after start (RSS)", "Memory after start, in MB"),
    ("burst of", "A burst of queued cells, in s"),
]
COLOURS = {"floor": "floor", "livy-kernel": "ours"}

WIDTH, PANEL_WIDTH, BAR, GAP, TOP, LABEL = 840, 400, 16, 8, 30, 84
STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de } text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .quiet { fill: #59636e } .floor { fill: #8c959f } .ours { fill: #1a7f37 } .peer { fill: #54aeff }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d } text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .floor { fill: #6e7681 } .ours { fill: #3fb950 } .peer { fill: #388bfd }
  }"""


def value_text(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def bar(name, value, ratio, most, x, y):
    length = max(2, (PANEL_WIDTH - LABEL - 140) * value / most)
    beside = value_text(value) + ("" if name == "floor" or ratio is None else f"  ({value_text(ratio)} × floor)")
    return (f'<text x="{x + LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{COLOURS.get(name, "peer")}" x="{x + LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
            f'<text class="quiet" x="{x + LABEL + length + 6:.1f}" y="{y + 12}">{escape(beside)}</text>')


def panel(title, by_kernel, x, y):
    there = [(name, value, ratio) for name, (value, ratio) in by_kernel.items() if value is not None]
    most = max((value for _, value, _ in there), default=1)
    parts = [f'<text class="title" x="{x + 8}" y="{y + 14}">{escape(title)}</text>']
    parts += [bar(name, value, ratio, most, x, y + TOP + i * (BAR + GAP)) for i, (name, value, ratio) in enumerate(there)]
    return "\n".join(parts)


def draw(rows):
    """rows as summary() of run_bench.py gives them."""
    drawn = [(title, by_kernel) for start, title in PANELS
             for row, by_kernel in rows if row[0].startswith(start)]
    height = TOP + max(len(by_kernel) for _, by_kernel in drawn) * (BAR + GAP) + 16
    lines = (len(drawn) + 1) // 2
    total = lines * height + 16
    parts = [panel(title, by_kernel, 12 + i % 2 * (PANEL_WIDTH + 12), 12 + i // 2 * height)
             for i, (title, by_kernel) in enumerate(drawn)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{total}" viewBox="0 0 {WIDTH} {total}" '
            f'role="img" aria-label="livy-kernel beside a bare floor and other kernels">\n<style>{STYLE}</style>\n'
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{total - 1}" rx="8"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
