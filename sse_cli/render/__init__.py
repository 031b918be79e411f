"""Output: everything that is printed, for people and for programs. The only importer of Rich.

A *view* is an `Observer` that shows a run; it is the last in a command's list of observers. A
*renderer* returns the text of messages (rows) and of other events (notes), and `TextView` writes
it. A *writer* takes the deltas of an answer instead.

    watch    text_renderer, json_lines_renderer, csv_renderer: a module per format
             views: a renderer's text, or the raw body, to standard output
             table, table_layout: events as rows; the columns and their widths
             live_table, footer: the table on a terminal, and the live line below it
             watch_summary: the closing summary
    tail     response_writers: an answer's text, or its deltas as JSON Lines
             markdown, markdown_blocks: an answer as Markdown while it grows
             reasoning: reasoning and tool calls beside the answer
             tail_summary: the closing summary
    check    check_report, check_progress: the text report; the streams that are running
             (for JSON, JUnit and GitHub annotations see the package `check.reports`)
    formats  formats_table: the wire formats, and the values one finds in each event
    all      error_messages: error, warning and hint lines
             http_messages: requests, replies and the body of a refused reply
             summary_lines: the lines that both summaries share
             console: Rich consoles, styles, printing of lines
             live_region: finished lines above a live part
             renderer: the protocol of renderers
             stdout: standard output for data, and its failures

Rule 1: text from a server, a file or a URL reaches a terminal only through `text.escaping` and
then as `Text(...)`, never as markup: Rich passes escape sequences, and markup can crash or link.

Rule 2: a row is printed once and scrolls up, so work and memory per event stay constant.

Rule 3: live parts are drawn at most ten times a second: a frame costs milliseconds.

Rule 4: a failed write to standard output raises OutputError or ReaderGone; one to standard error
is ignored, because the exit code still reports the outcome.

Rule 5: Rich takes 40 ms to import. Commands import the modules that need it only to use them;
`renderer`, `views`, `stdout`, `response_writers` and the three formats do without.

To add an output to `watch`, write a renderer and list it in `cli.output`.
"""
