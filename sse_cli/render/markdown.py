"""An answer rendered as Markdown while it grows.

Finished blocks scroll up for good and are never drawn again; only the block that is still being
written is live. Rich's output is escaped once more, because an entity such as &#27; becomes a
control character only when Markdown is parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from markdown_it import MarkdownIt
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from sse_cli.model.delta import Delta
from sse_cli.render.delta_writers import ReasoningWriter
from sse_cli.render.live_region import LiveRegion
from sse_cli.render.markdown_blocks import MarkdownBlock, MarkdownBlocks
from sse_cli.render.stdout import Output
from sse_cli.text import escaping

# HTML is shown as text: answers mention List<String>, and some mark their reasoning with <think>.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


class MarkdownWriter:
    """A writer that renders the text of one choice on a console.

    Reasoning and tool calls go to `reasoning`; None drops them. It may write to `output`, which is
    flushed before the console continues.
    """

    def __init__(
        self,
        console: Console,
        output: Output,
        reasoning: ReasoningWriter | None,
        *,
        choice: int = 0,
    ) -> None:
        self._console = console
        self._output = output
        self._reasoning = reasoning
        self._choice = choice
        self._blocks = MarkdownBlocks()
        self._has_blocks = False
        self._region: LiveRegion | None = None

    def write(self, deltas: Iterable[Delta]) -> None:
        """Take deltas; the blocks that they finish are printed by the next `flush`."""
        for delta in deltas:
            self._take(delta)

    def flush(self) -> None:
        """Print the finished blocks."""
        if self._region:
            self._region.flush()
        self._output.flush()

    def close(self) -> None:
        """Print the last block."""
        self._close_region()
        if self._reasoning:
            self._reasoning.gap()
        self._output.flush()

    def _take(self, delta: Delta) -> None:
        if delta.choice != self._choice:
            return
        if delta.kind == "text":
            self._text(("\n\n" if delta.replaces else "") + delta.value)
        elif self._reasoning and delta.kind in ("reasoning", "tool"):
            self._close_region()
            if delta.kind == "reasoning":
                self._reasoning.reasoning(delta.value)
            else:
                self._reasoning.tool(delta.value)

    def _text(self, text: str) -> None:
        if self._reasoning:
            self._reasoning.gap()
        if self._region is None:
            self._output.flush()
            self._region = LiveRegion(self._console, self._live)
            self._region.start()
        for block in self._blocks.feed(escaping.escape(text, keep="\n\t")):
            self._finished(self._region, block)

    def _finished(self, region: LiveRegion, block: MarkdownBlock) -> None:
        if self._has_blocks and not block.tight:
            region.write(Text())
        self._has_blocks = True
        for line in self._rendered(block.text):
            region.write(line)

    def _close_region(self) -> None:
        """Finish the open block, so that something else can be written below it."""
        if self._region is None:
            return
        for block in self._blocks.finish():
            self._finished(self._region, block)
        self._region.close()
        self._region = None

    def _live(self) -> Sequence[Text]:
        """Return the end of the open block, as much as fits on the screen."""
        text = self._blocks.open_text
        height = max(1, self._console.height - 2)
        # Render only about what fits: drawing a long block whole each time would be quadratic.
        # The first line stays because it may open a fence.
        lines = text.split("\n")
        if len(lines) > 4 * height:
            text = "\n".join([lines[0], *lines[-2 * height :]])
        most = 4 * height * max(1, self._console.width)
        if len(text) > most:
            text = f"{lines[0][:80]}\n{text[-most:]}"
        return self._rendered(text)[-height:] if text.strip() else []

    def _rendered(self, text: str) -> Sequence[Text]:
        """Return a block's lines, without the blank ones that Rich adds around some blocks."""
        markdown = Markdown("", hyperlinks=False, code_theme="ansi_dark")
        markdown.parsed = _PARSER.parse(text)
        width = self._console.options.update(width=max(1, self._console.width - 1))
        lines = [
            Text.assemble(*((escaping.escape(part.text), part.style or "") for part in line))
            for line in self._console.render_lines(markdown, width, pad=False)
        ]
        for line in lines:
            line.rstrip()  # Rich pads paragraphs, and an echoed ^C after a full live line wraps
        filled = [index for index, line in enumerate(lines) if line.plain.strip()]
        return lines[filled[0] : filled[-1] + 1] if filled else []
