/**
 * What a program that reaches named hosts begins as: it listens within its own network, hands the listening socket out of it to the node, whose proxy answers
 * there from then on, and becomes the program. Nothing of it is left beside that, no process, no memory and no descriptor.
 */
import { createServer } from "node:net";

const { execve } = process;
// Else it would wait for ever, as what nobody is.
if (execve === undefined) throw new Error(`Node ${process.version} cannot become another program; Node 24 can`);

// Node ignores them, and what is ignored would stay so; what is listened to is as it was.
for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => {});

const [file = "", ...words] = process.argv.slice(2);
const listener = createServer();
listener.listen({ host: "127.0.0.1", port: 0, backlog: 128 }, () => process.send?.("listening", listener));
// Not before the proxy answers. It comes this way since a command line is seen by all.
process.once("message", (environment: Readonly<Record<string, string>>) => {
  process.disconnect();
  execve.call(process, file, [file, ...words], environment);
});
