/** Portkey's gateway as its package starts it, without its web page and quiet. Where to call it goes to the parent when it answers. */
import { once } from "node:events";
import { createServer } from "node:net";

const taken = createServer().listen(0, "127.0.0.1");
await once(taken, "listening");
const { port } = taken.address();
taken.close();
await once(taken, "close");

const write = process.stdout.write;
process.stdout.write = () => true;
process.argv.push(`--port=${port}`, "--headless");
await import("@portkey-ai/gateway/build/start-server.js");
process.stdout.write = write;

const url = `http://127.0.0.1:${port}`;
for (;;) {
  const response = await fetch(url).catch(() => null);
  await response?.text();
  if (response?.ok) break;
  await new Promise((resolve) => setTimeout(resolve, 10));
}
process.send?.({ url: `${url}/v1/chat/completions` });
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
