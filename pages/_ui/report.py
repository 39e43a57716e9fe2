"""Write a trace as one page for a colleague without the app: it opens offline and asks nobody for anything.

`python -m pages._ui.report FILE.trace OUT.html [ADVICE]` writes one.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from dataloader_sim import Timeline
from pages._ui import format as fmt
from pages._ui import player_assets, report_parts, report_player, trace_file
from pages._ui.report_markup import escaped

ASSETS = Path(__file__).parents[2] / "assets" / "report"
WRONG_ARGUMENTS, FAILED = 2, 1
_PARTS = (
    report_player.section,
    report_parts.samples,
    report_parts.batches,
    report_parts.settings,
    report_parts.origin,
)


def page(timeline: Timeline, *, name: str, simulated: Timeline | None = None, advice: str = "") -> str:
    """Return the report of a trace as the text of an HTML file.

    name: what to call the trace. simulated: the same job as simulated, to be drawn below it; None: it is alone.
    advice: what to try, where more is known than the timeline tells; else the verdict's own.
    Every text of the trace is escaped, and the page's policy lets no script run but its own.
    """
    script = "\n".join([player_assets.script(), (ASSETS / "report.mjs").read_text(encoding="utf-8")])
    style = "\n".join([player_assets.styles(), (ASSETS / "report.css").read_text(encoding="utf-8")])
    found = report_parts.found(timeline, simulated, advice)
    body = "\n".join(
        [report_parts.missing(timeline, simulated), found, *(part(timeline, simulated) for part in _PARTS)]
    )
    title = escaped(name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}: trace of a DataLoader</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="quiet">Trace of a PyTorch DataLoader, measured; written by DataLoader Lab.</p>
{body}
<script type="module">{script}</script>
</body>
</html>
"""


def main(arguments: Sequence[str]) -> int:
    """Write the report of a trace file; return the exit status, and say in one sentence what went wrong."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: python -m pages._ui.report FILE.trace OUT.html [ADVICE]\n")
        return WRONG_ARGUMENTS
    source, target, advice = Path(arguments[0]), Path(arguments[1]), "".join(arguments[2:])
    try:
        text = page(trace_file.read(source.read_bytes()), name=source.stem, advice=advice)
        target.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{fmt.titled(str(error))}\n")
        return FAILED
    return 0


def _policy(script: str, style: str) -> str:
    """Return a policy that allows this script and this style by their hashes, and nothing else at all."""
    hashes = (base64.b64encode(sha256(one.encode()).digest()).decode() for one in (script, style))
    scripts, styles = (f"'sha256-{one}'" for one in hashes)
    return f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; form-action 'none'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
