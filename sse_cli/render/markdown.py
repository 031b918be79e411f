"""`tail --markdown`: an answer rendered as it grows.

Finished blocks scroll up for good and are never drawn again; only the block that is still being
written is live. What Rich makes of a block goes through `safe` once more: an entity such as
&#27; becomes a control character only when Markdown is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from markdown_it import MarkdownIt
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from sse_cli.model.delta import Delta
from sse_cli.render.live_region import LiveRegion
from sse_cli.render.markdown_blocks import MarkdownBlock, MarkdownBlocks
from sse_cli.render.response_writers import ReasoningWriter
from sse_cli.text import escaping

# HTML is shown as it is written: answers speak of List<String>, and think in <think>.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


class MarkdownWriter:
    """Renders the text of one choice on a console; reasoning and tool calls go aside."""

    def __init__(self, console: Console, aside: ReasoningWriter | None, *, choice: int = 0) -> None:
        self._console = console
        self._aside = aside
        self._choice = choice
        self._blocks = MarkdownBlocks()
        self._any = False
        self._screen: LiveRegion | None = None

    def write(self, deltas: Iterable[Delta]) -> None:
        """Take deltas; the blocks that they finish are printed with the next `flush`."""
        for delta in deltas:
            self._take(delta)

    def flush(self) -> None:
        """Print what is finished."""
        if self._screen:
            self._screen.flush()

    def close(self) -> None:
        """Print the last block."""
        self._close_screen()
        if self._aside:
            self._aside.gap()

    def _take(self, delta: Delta) -> None:
        if delta.choice != self._choice:
            return
        if delta.kind == "text":
            self._text(("\n\n" if delta.replaces else "") + delta.value)
        elif self._aside and delta.kind in ("reasoning", "tool"):
            self._close_screen()
            if delta.kind == "reasoning":
                self._aside.reasoning(delta.value)
            else:
                self._aside.tool(delta.value)

    def _text(self, text: str) -> None:
        if self._aside:
            self._aside.gap()
        if self._screen is None:
            self._screen = LiveRegion(self._console, self._live)
            self._screen.start()
        for block in self._blocks.feed(escaping.escape(text, keep="\n\t")):
            self._finished(self._screen, block)

    def _finished(self, screen: LiveRegion, block: MarkdownBlock) -> None:
        if self._any and not block.tight:
            screen.write(Text())
        self._any = True
        for line in self._rendered(block.text):
            screen.write(line)

    def _close_screen(self) -> None:
        """Finish the block in work, so that something else can be written below it."""
        if self._screen is None:
            return
        for block in self._blocks.finish():
            self._finished(self._screen, block)
        self._screen.close()
        self._screen = None

    def _live(self) -> Sequence[Text]:
        """The end of the open block, as much as fits on the screen."""
        text = self._blocks.open_text
        room = max(1, self._console.height - 2)
        # More lines than fit can't be seen: a long block is not rendered whole again and again.
        lines = text.split("\n")
        if len(lines) > 4 * room:
            text = "\n".join([lines[0], *lines[-2 * room :]])
        most = 4 * room * max(1, self._console.width)
        if len(text) > most:
            text = f"{lines[0][:80]}\n{text[-most:]}"
        return self._rendered(text)[-room:] if text.strip() else []

    def _rendered(self, text: str) -> Sequence[Text]:
        """A block's lines, without the blank ones that Rich puts around some kinds."""
        markdown = Markdown("", hyperlinks=False, code_theme="ansi_dark")
        markdown.parsed = _PARSER.parse(text)
        width = self._console.options.update(width=max(1, self._console.width - 1))
        lines = [
            Text.assemble(*((escaping.escape(part.text), part.style or "") for part in line))
            for line in self._console.render_lines(markdown, width, pad=False)
        ]
        for line in lines:
            line.rstrip()  # Rich pads paragraphs: what is typed (^C) would wrap behind the live one
        full = [index for index, line in enumerate(lines) if line.plain.strip()]
        return lines[full[0] : full[-1] + 1] if full else []
