"""The picture of a run: where the CPU of a token goes, and how far each budget is used. SVG, nothing but the standard library."""

from xml.sax.saxutils import escape

WIDTH = 860
LEFT = 330
RIGHT = 110
BAR = 16
GAP = 8
INK, FAINT, GRID = "#1f2933", "#616e7c", "#d9dee4"
COLORS = {"bare": "#9aa5b1", "mint": "#3b82b8", "server": "#1f4e79", "met": "#2f855a", "missed": "#c05621"}


class Picture:
    def __init__(self):
        self.parts = []
        self.y = 16

    def text(self, x, y, words, anchor="start", color=INK, size=13, bold=False):
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}"{weight}>'
                          f"{escape(words)}</text>")

    def rect(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" rx="2" fill="{color}"/>')

    def title(self, words):
        self.y += 14
        self.text(16, self.y, words, size=15, bold=True)
        self.y += 18

    def bars(self, rows, most, mark=0):
        """rows: (label, value, text, color); bars on one scale from 0 to `most`, with a line at `mark`."""
        top = self.y - 4
        scale = (WIDTH - LEFT - RIGHT) / most
        for label, value, words, color in rows:
            self.text(LEFT - 10, self.y + BAR - 4, label, "end")
            self.rect(LEFT, self.y, min(value, most) * scale, BAR, color)
            self.text(LEFT + max(min(value, most), mark) * scale + 6, self.y + BAR - 4, words, color=FAINT)
            self.y += BAR + GAP
        if mark:
            x = LEFT + mark * scale
            self.parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{self.y - 4}" stroke="{INK}" '
                              'stroke-dasharray="3 3"/>')
        self.y += 6

    def note(self, words):
        self.text(16, self.y + 6, words, color=FAINT, size=12)
        self.y += 18

    def svg(self):
        height = self.y + 8
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
                'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif">\n'
                f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def cost_rows(rows):
    found = []
    for name in ("ES256", "EdDSA", "RS256"):
        for key, label, color in (("bare", "bare signature", "bare"), ("mint", "token in process", "mint"),
                                  ("server", "token over HTTP", "server")):
            row = rows.get(f"{key}_{name.lower()}")
            if row:
                found.append((f"{name}, {label}", row["value"], f"{row['value']:.1f} us", COLORS[color]))
    return found


def budget_rows(rows):
    found = []
    for row in rows.values():
        if row["budget"] is None:
            continue
        # How much of the budget is used; for a least value, how much of what was reached was asked for.
        used = row["budget"] / row["value"] if row["at_least"] else row["value"] / row["budget"]
        sign = "≥" if row["at_least"] else "≤"
        words = f"{row['value']:,.{row['digits']}f} {row['unit']} ({sign} {row['budget']:g})"
        found.append((row["what"], used, words, COLORS["met" if row["met"] else "missed"]))
    return found


def draw(data):
    """The SVG of a run's data, or None where there is nothing to draw."""
    rows = {row["key"]: row for row in data["rows"]}
    picture = Picture()
    costs = cost_rows(rows)
    if costs:
        picture.title("CPU time of one token, microseconds (shorter is better)")
        picture.bars(costs, max(value for _, value, _, _ in costs))
    if "peer_ratio" in rows:
        picture.title("ES256 tokens per CPU second (longer is better)")
        peers = [(label, rows[key]["value"], f"{rows[key]['value']:,.0f} /s", COLORS[color])
                 for key, label, color in (("ours_per_cpu_s", "leanauth", "server"),
                                           ("peer_per_cpu_s", "node oidc-provider", "bare"))]
        picture.bars(peers, max(value for _, value, _, _ in peers))
    budgets = budget_rows(rows)
    if not costs and not budgets:
        return None
    if budgets:
        picture.title("Part of each budget that is used (the line is all of it)")
        picture.bars(budgets, max(1.6, max(used for _, used, _, _ in budgets)), mark=1)
    m = data["machine"]
    picture.note(f"{m['cpu']}, {m['cores']} cores, {m['system']}, kernel {m['kernel']}; {m['time']}")
    return picture.svg()
