import { parseArgs } from "node:util";
import { createScreeningServer } from "./screening-server.ts";

/** The process: `node service/screening-service.ts [--port N]`, else SCREENING_PORT, else any free port. Loopback only. Started
 *  by `ensureScreeningService`, it ends with the process that started it. */
const { values } = parseArgs({ options: { port: { type: "string" } } });
const port = Number(values.port ?? process.env["SCREENING_PORT"] ?? "0");
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(
    `"${values.port ?? process.env["SCREENING_PORT"]}" is not a port: give a number from 0 (any free one) to 65535`,
  );
  process.exit(2);
}

const server = createScreeningServer();
server.on("error", (error) => {
  console.error(`The screening service cannot listen on 127.0.0.1:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" && address ? address.port : port}`);
  process.send?.("listening");
});

const stop = (): void => {
  server.close(() => process.exit(0));
  // Questions left hanging on purpose would keep the process for ever.
  server.closeAllConnections();
};
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
// Only a process started with a channel has one to lose: its parent has ended, however that came about.
process.once("disconnect", stop);
