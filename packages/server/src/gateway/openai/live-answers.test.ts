/** What an agent's model says, at a door before it is in the log. */
import type { LiveText } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { createFixture, readSse } from "../../../test/gateway/gateway-fixture.ts";

const said = (text: string, append: boolean): LiveText => ({
  ...{ path: "model:m", artifact: { artifactId: "letter", name: "letter" }, append, text },
});
const piece = (text: string, append: boolean) => ({
  type: "artifact.appended" as const,
  data: {
    ...{ path: "model:m", kind: "model", append, lastChunk: false },
    artifact: { artifactId: "letter", name: "letter", parts: [{ text }] },
  },
});

test("an agent's answer comes word by word, and is said once, also when its process dies in between", async () => {
  const { tasks, post } = createFixture();
  const messages = [{ role: "user", content: "hold" }];
  const sse = readSse(await post("/v1/chat/completions", { model: "agent/echo", messages, stream: true }));
  const next = async (): Promise<string> => {
    const content = (await sse.next())?.data.choices[0].delta.content;
    return content === "" || content === undefined ? next() : content;
  };
  tasks.speak("task-1", said("Dear ", false));
  expect(await next()).toBe("Dear ");
  tasks.speak("task-1", said("Dear Ann", false));
  expect(await next()).toBe("Ann");
  tasks.append("task-1", piece("Dear Ann,", false));
  expect(await next()).toBe(",");
  tasks.speak("task-1", said(" tha", true));
  expect(await next()).toBe(" tha");
  const again = "Dear Ann, thanks";
  tasks.append("task-1", { type: "task.assigned", data: { node: "b", attempt: 2 } }, piece(again, false));
  expect(await next()).toBe("nks");
  tasks.append("task-1", { type: "task.completed", data: { output: `${again}!` } });
  expect(await next()).toBe("!");
  await sse.cancel();
});

test("of an agent that thinks its turns are said as they come, and the output, which is the last of them, no second time", async () => {
  const { tasks, post } = createFixture();
  const messages = [{ role: "user", content: "hold" }];
  const answer = await post("/v1/chat/completions", { model: "agent/echo", messages, stream: true });
  const turn = (text: string, append: boolean) => {
    const { type, data } = piece(text, append);
    return { type, data: { ...data, artifact: { ...data.artifact, artifactId: "output", name: "output" } } };
  };
  tasks.append("task-1", turn("Let me look.", false), turn("It is", false), turn(" 42.", true));
  tasks.append("task-1", { type: "task.completed", data: { output: "It is 42." } });
  const events = [...(await answer.text()).matchAll(/^data: (\{.*\})$/gm)].map(([, json = ""]) => JSON.parse(json));
  const told = events.map(({ choices }) => choices?.[0]?.delta?.content ?? "").join("");
  expect(told).toBe("Let me look.\n\nIt is 42.");
});
