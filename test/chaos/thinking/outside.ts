/** The world that outlives the node: the model that its agents ask and the place where their tools act. It counts, and says when the node is to be killed. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { answerMark, type Reached } from "./judge-calls.ts";
import { answerTo } from "./script.ts";

interface Asked {
  readonly model: string;
  readonly messages: Parameters<typeof answerTo>[0];
  readonly stream?: boolean;
}

interface Acted {
  readonly tool: string;
  readonly about: string;
  readonly key: string;
}

/** Where in a call the node dies: when it has come and nothing is answered, or so long after its answer went out. */
export interface Trigger {
  readonly kind: Reached["kind"];
  readonly job: string;
  /** Of the job's calls of that kind, in this life. */
  readonly nth: number;
  readonly afterAnswerMs: number | null;
}

export interface Outside {
  readonly url: string;
  readonly reached: readonly Reached[];
  /** Calls that nobody has been answered yet. */
  readonly open: ReadonlySet<Reached>;
  /** A new process of the node; `kill` is called once. */
  begin(life: number, trigger: Trigger | null, kill: () => void): void;
  close(): void;
}

const hash = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

/** `pauseMs`: how long an answer takes. */
export const startOutside = async (pauseMs: () => number): Promise<Outside> => {
  const reached: Reached[] = [];
  const open = new Set<Reached>();
  let life = 0;
  let trigger: Trigger | null = null;
  let kill = (): void => {};
  let seen = 0;
  let isDown = false;

  /** A tool is told what the model said, not what for. */
  const jobOf = (sent: string): string =>
    /job-\w+/.exec(sent)?.[0] ?? reached.find((call) => sent.includes(answerMark(call)))?.job ?? "";

  const answer = (call: Reached, response: ServerResponse, body: string): void => {
    const isIt = trigger !== null && call.kind === trigger.kind && call.job === trigger.job && ++seen === trigger.nth;
    const waitMs = isIt ? trigger?.afterAnswerMs : undefined;
    reached.push(call);
    open.add(call);
    // The node is gone before anything is answered.
    if (waitMs === null) return kill();
    const ofLife = life;
    setTimeout(() => {
      if (life !== ofLife || isDown) return;
      call.isAnswered = true;
      open.delete(call);
      response.writeHead(200, { "content-type": body.startsWith("data:") ? "text/event-stream" : "application/json" });
      response.end(body, () => {
        if (waitMs === undefined) return;
        if (waitMs === 0) kill();
        else setTimeout(kill, waitMs);
      });
    }, pauseMs());
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ofLife = life;
    const sent = await text(request);
    if (ofLife !== life) return;
    const common = { text: sent, job: jobOf(sent), isAnswered: false };
    if (request.url === "/effects") {
      const { tool, about, key } = JSON.parse(sent) as Acted;
      const call: Reached = { ...{ kind: "tool", life, mark: hash([tool, about]), tool, key }, ...common };
      return answer(call, response, JSON.stringify(answerMark(call)));
    }
    const asked = JSON.parse(sent) as Asked;
    const call: Reached = { kind: "model", life, mark: hash([asked.model, asked.messages]), ...common };
    return answer(call, response, completion(asked, answerMark(call)));
  };

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached,
    open,
    begin(newLife, newTrigger, newKill) {
      life = newLife;
      trigger = newTrigger;
      isDown = false;
      kill = () => {
        // What arrives from now on had left before.
        isDown = true;
        newKill();
      };
      seen = 0;
      open.clear();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** As it is asked for: whole, or in two pieces of a stream. */
const completion = ({ messages, stream = false }: Asked, mark: string): string => {
  const { content = null, calls } = answerTo(messages, mark);
  const toolCalls = calls?.map(([name, about], index) => ({
    ...{ index, id: `${mark}-${index}`, type: "function" },
    function: { name, arguments: JSON.stringify({ about }) },
  }));
  const said = { role: "assistant", content, ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }) };
  const finish_reason = toolCalls === undefined ? "stop" : "tool_calls";
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const head = { id: mark, created: 1, model: "small" };
  if (!stream)
    return JSON.stringify({
      ...{ ...head, object: "chat.completion" },
      ...{ choices: [{ index: 0, message: said, finish_reason }], usage },
    });
  const pieces = [
    { choices: [{ index: 0, delta: said, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason }] },
    { choices: [], usage },
  ].map((piece) => JSON.stringify({ ...head, object: "chat.completion.chunk", ...piece }));
  return [...pieces, "[DONE]"].map((data) => `data: ${data}\n\n`).join("");
};
