// Receives streams with the npm package "eventsource": node listen.mjs BASE PLAN.json
// PLAN is {name: [event types]}; prints {name: [[type, data, last event id], ...]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [base, plan] = process.argv.slice(2);
// The package is installed in the working directory, not beside this file.
const { EventSource } = createRequire(`${process.cwd()}/`)("eventsource");
const heard = {};

function hear(name, types) {
  return new Promise((resolve) => {
    const events = [];
    const source = new EventSource(`${base}/${name}`);
    for (const type of new Set(["message", ...types]))
      source.addEventListener(type, (event) => {
        if (event.data !== undefined) events.push([event.type, event.data, event.lastEventId]);
      });
    source.addEventListener("error", (event) => {
      if (event.data !== undefined) return;
      source.close();
      resolve(events);
    });
  });
}

for (const [name, types] of Object.entries(JSON.parse(readFileSync(plan, "utf8"))))
  heard[name] = await hear(name, types);
process.stdout.write(JSON.stringify(heard));
