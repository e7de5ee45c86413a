/** A provider that counts what it bills, also for clients that are gone, and that fails now and then. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface BillingProvider {
  readonly baseUrl: string;
  /** Billionths of a US dollar. */
  readonly billed: number;
  readonly calls: number;
  close(): void;
}

const INPUT_NANO = 10_000;
const OUTPUT_NANO = 30_000;

/** What becomes of the nth call. Rarely more: five failures in a row would have its breaker opened for a minute. */
const fateOf = (call: number): "cut" | "hangs" | "answered" => {
  if (call % 20 === 5) return "cut";
  return call % 40 === 13 ? "hangs" : "answered";
};

/** `random`: 0 ≤ x < 1. */
export const startBillingProvider = async (random: () => number, fails: boolean): Promise<BillingProvider> => {
  let billed = 0;
  let calls = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      calls += 1;
      const { max_tokens: most, messages } = JSON.parse(body) as { max_tokens: number; messages: unknown };
      const fate = fails ? fateOf(calls) : "answered";
      const usage = {
        prompt_tokens: Math.ceil(JSON.stringify(messages).length / 4),
        completion_tokens: 1 + Math.floor(random() * most),
      };
      // From here on it is made, and paid for, whoever still listens.
      billed += usage.prompt_tokens * INPUT_NANO + usage.completion_tokens * OUTPUT_NANO;
      setTimeout(
        () => {
          if (fate === "cut") return response.destroy();
          // Hangs until it is given up.
          if (fate === "hangs") return undefined;
          response.setHeader("content-type", "application/json");
          const message = { role: "assistant", content: "a word" };
          const total_tokens = usage.prompt_tokens + usage.completion_tokens;
          return response.end(
            JSON.stringify({
              ...{ id: `call-${calls}`, object: "chat.completion", created: 1, model: "small" },
              choices: [{ index: 0, message, finish_reason: "stop" }],
              usage: { ...usage, total_tokens },
            }),
          );
        },
        5 + random() * 120,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    get billed() {
      return billed;
    },
    get calls() {
      return calls;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
};
