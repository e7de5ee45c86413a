/** What code in a sandbox prints, where the node's own goes: each line says whose it is, none is forged, and there is an end to it. */
import type { Readable, Writable } from "node:stream";

// Of one process, from its start.
const MAX_CHARACTERS = 2 ** 20;
const MAX_LINE_CHARACTERS = 8_192;
// Between two pieces of what is thrown away: who prints without end is not to keep this thread busy.
const REST_MS = 50;
// A terminal may be told to do things by others than line feeds and tabs.
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;

export const printBounded = (
  agent: string,
  ...pairs: readonly (readonly [from: Readable, to: Pick<Writable, "write">])[]
): void => {
  let room = MAX_CHARACTERS;
  for (const [from, to] of pairs) {
    let held = "";
    const print = (line: string): void => {
      if (room <= 0) return;
      room -= line.length + 1;
      const shown = room > 0 ? line : "prints too much: the rest is left out";
      to.write(`agent ${agent}: ${shown.replace(CONTROL, (each) => (each === "\t" ? each : "\u{fffd}"))}\n`);
    };
    from.setEncoding("utf8");
    from.on("data", (piece: string) => {
      if (room <= 0) {
        from.pause();
        setTimeout(() => from.resume(), REST_MS).unref();
        return;
      }
      const lines = (held + piece).split("\n");
      held = lines.pop() ?? "";
      if (held.length > MAX_LINE_CHARACTERS) {
        lines.push(held.slice(0, MAX_LINE_CHARACTERS));
        held = held.slice(MAX_LINE_CHARACTERS);
      }
      for (const line of lines) print(line);
    });
    from.on("end", () => {
      if (held !== "") print(held);
    });
  }
};
