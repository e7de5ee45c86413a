/** A child process that answers one request at a time over IPC, with what is measured in it: see answering.ts. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Failed } from "./answering.ts";

export interface Asked<Request, Answer> {
  /** Throws what went wrong there, also when the process ends instead of answering. */
  ask<Kind extends KindOf<Request>>(
    request: Extract<Request, { kind: Kind }>,
  ): Promise<Extract<Answer, { kind: Kind }>>;
  /** Asks it to close and waits for its end. */
  close(): Promise<void>;
}

type KindOf<Request> = Request extends { readonly kind: infer Kind extends string } ? Kind : never;

export const startAsked = <Request, Answer>(options: {
  /** Relative to this folder. */
  readonly module: string;
  readonly parameters: readonly string[];
  /** In messages and in the name of the folder of its profile. */
  readonly name: string;
}): Asked<Request, Answer> => {
  const child = fork(fileURLToPath(new URL(options.module, import.meta.url)), [...options.parameters], {
    execArgv: ["-C", "agentcore-source", ...profileOptions(options.name)],
  });
  return {
    ask: async <Kind extends KindOf<Request>>(request: Extract<Request, { kind: Kind }>) => {
      const gone = new AbortController();
      const answered = once(child, "message", { signal: gone.signal });
      const exited = once(child, "exit", { signal: gone.signal }).then(([code, signal]) => {
        throw new Error(`${options.name} ended with ${String(signal ?? code)}`);
      });
      child.send(request);
      try {
        const [answer] = (await Promise.race([answered, exited])) as [Extract<Answer, { kind: Kind }> | Failed];
        if (isFailed(answer)) throw new Error(`${options.name}: ${answer.message}`);
        return answer;
      } finally {
        exited.catch(() => {});
        answered.catch(() => {});
        gone.abort();
      }
    },
    close: async () => {
      const exit = once(child, "exit");
      child.send({ kind: "close" });
      await exit;
    },
  };
};

const isFailed = (answer: unknown): answer is Failed => (answer as Failed).kind === "failed";

const profileOptions = (name: string): string[] => {
  const folder = process.env["BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}/${name}`];
};
