// The stream of stream.json by Node's own http and http2 modules, written line by line.
//
//   node node_server.mjs FD [h2c | h2 CERTIFICATE KEY]
//
// GET or POST /stream: an echo of the request, the first part, a gate, the second part.
// ?gate=X shuts the gate until a request for /go?gate=X; ?sep=crlf|cr changes the line
// ends from LF; ?cut=1 drops the connection at the gate; ?goaway=1 takes no more requests
// on it from there (HTTP/2); ?bytes=1 writes single bytes; ?close=1 sends a body without a
// length, which ends with its connection.

import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";

const STREAM = JSON.parse(readFileSync(new URL("stream.json", import.meta.url), "utf8"));
const SEPARATORS = { lf: "\n", cr: "\r", crlf: "\r\n" };
const gates = new Map();

function gate(name) {
  if (!gates.has(name)) {
    let open;
    const opened = new Promise((resolve) => (open = resolve));
    gates.set(name, { open, opened });
  }
  return gates.get(name);
}

function* lines({ comment, id, event, data, retry }) {
  if (comment !== undefined) yield `: ${comment}`;
  if (id !== undefined) yield `id: ${id}`;
  if (event !== undefined) yield `event: ${event}`;
  if (data !== undefined) for (const line of data.split("\n")) yield `data: ${line}`;
  if (retry !== undefined) yield `retry: ${retry}`;
  yield "";
}

async function write(response, events, query) {
  const separator = SEPARATORS[query.get("sep") ?? "lf"];
  for (const event of events) {
    for (const line of lines(event)) {
      const whole = Buffer.from(line + separator);
      const size = query.has("bytes") ? 1 : whole.length;
      for (let at = 0; at < whole.length; at += size) {
        const piece = whole.subarray(at, at + size);
        // Wait until the kernel has it: otherwise Node would join the pieces.
        await new Promise((done) => response.write(piece, done));
      }
    }
  }
}

async function stream(request, response, query) {
  const body = [];
  for await (const piece of request) body.push(piece);
  const echo = { method: request.method, body: Buffer.concat(body).toString() };
  if (query.has("close")) {
    response.useChunkedEncodingByDefault = false;
    response.setHeader("Connection", "close");
  }
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  await write(response, [{ event: "echo", data: JSON.stringify(echo) }, ...STREAM.before], query);
  if (query.has("gate")) await gate(query.get("gate")).opened;
  if (query.has("cut")) {
    if (response.stream) response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
    return;
  }
  if (query.has("goaway")) response.stream.session.close();
  await write(response, STREAM.after, query);
  response.end();
}

function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname === "/stream") return stream(request, response, searchParams);
  if (pathname === "/go") gate(searchParams.get("gate")).open();
  response.writeHead(pathname === "/go" ? 200 : 404).end();
}

const [descriptor, protocol, certificate, key] = process.argv.slice(2);
const server = {
  undefined: () => http.createServer(answer),
  h2c: () => http2.createServer(answer),
  h2: () =>
    http2.createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer),
}[protocol]();
server.listen({ fd: Number(descriptor) });
