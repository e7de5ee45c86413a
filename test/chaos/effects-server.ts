/** Counts effects outside of the node that has them: one JSON line each, on disk before the answer leaves. */
import { appendFileSync, fsyncSync, openSync } from "node:fs";
import { createServer } from "node:http";

const file = openSync(process.argv[2] ?? "effects.jsonl", "a");

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    appendFileSync(file, `${body}\n`);
    fsyncSync(file);
    response.writeHead(204).end();
  });
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
