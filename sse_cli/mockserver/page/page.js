"use strict";
// The number of events of each stream that are kept on the page.
const KEPT = 500;

for (const section of document.querySelectorAll("section")) {
  const list = section.querySelector("ol");
  const state = section.querySelector("output");
  const button = section.querySelector("button");
  let stop = null;
  let count = 0;

  function show(type, id, data) {
    const row = document.createElement("li");
    for (const [tag, text] of [["b", type], ["i", id && ` ${id}`], ["span", ` ${data}`]]) {
      const part = document.createElement(tag);
      part.textContent = text;
      row.append(part);
    }
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
    list.append(row);
    if (list.childElementCount > KEPT) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    state.textContent = `${++count} events`;
  }

  function over(why) {
    stop?.();
    stop = null;
    button.textContent = "play";
    state.textContent = `${count} events, ${why}`;
  }

  function listen(url) {
    const source = new EventSource(url);
    for (const type of new Set(["message", ...JSON.parse(section.dataset.types)]))
      source.addEventListener(type, (event) => {
        // The end of a connection and an event of type "error" call the same listeners.
        if (event instanceof MessageEvent) show(event.type, event.lastEventId, event.data);
      });
    // Without `close`, it would connect again; here, a stream is played once.
    source.onerror = (event) => {
      if (!(event instanceof MessageEvent)) over("the connection ended");
    };
    return () => source.close();
  }

  function fetchLines(url) {
    const control = new AbortController();
    read(url, control.signal).then(over, (error) => over(String(error)));
    return () => control.abort();
  }

  async function read(url, signal) {
    const reply = await fetch(url, { signal });
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const line of lines) show("", "", line);
    }
    if (rest) show("", "", rest);
    return `${reply.status} ${reply.statusText}`;
  }

  button.addEventListener("click", () => {
    if (stop) return over("stopped");
    list.replaceChildren();
    count = 0;
    button.textContent = "stop";
    const url = section.querySelector("a").href;
    stop = section.dataset.kind === "event-stream" ? listen(url) : fetchLines(url);
  });
  button.hidden = false;
}
