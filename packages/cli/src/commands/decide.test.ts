import { describe, expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const TOKEN = "token-of-ann";
const item = (taskId: string, id: string, more: Record<string, unknown> = {}) => ({
  ...{ kind: "approval", taskId, agent: "loans", contextId: "c", caller: "bob", path: "approval:approval", askedAt: 0 },
  prompt: [{ text: "Grant the loan?\nTo be decided: approve or reject" }],
  approval: {
    ...{ id, prompt: "Grant the loan?", show: { amount: 5000 }, choices: ["approve", "reject"], askedAt: 0 },
    ...{ contentHash: "ab".repeat(32), decidedBy: ["carol"], token: TOKEN, ...more },
  },
});
const question = {
  ...{ kind: "question", taskId: "t2", agent: "asker", contextId: "c", caller: "ann", path: "input:input", askedAt: 0 },
  prompt: [{ text: "Name?" }],
};

const run = async (words: readonly string[], options: Parameters<typeof startFakeNode>[0] = {}) => {
  const node = await startFakeNode({ inbox: [item("t1", "0f".repeat(16)), question], ...options });
  const ran = await runInTest([...words, "--url", node.url]);
  return { ...ran, sent: node.requests.filter(({ method }) => method === "POST"), asked: node.requests };
};

describe("inbox", () => {
  test("lists what waits, without tokens but in JSON", async () => {
    const { code, stdout, asked } = await run(["inbox"]);
    expect([code, asked[0]?.query]).toEqual([0, "?pageSize=50"]);
    expect(stdout).toMatch(/t1 +approval +loans +.*Grant the loan\?/);
    expect(stdout).toMatch(/t2 +question +asker +.*Name\?/);
    expect(stdout).not.toContain(TOKEN);
    expect((await run(["inbox", "-o", "json"])).stdout).toContain(TOKEN);
    expect((await run(["inbox", "--all"])).asked[0]?.query).toContain("all=true");
  });
});

describe("decide", () => {
  test("shows what is decided, and sends the token of the inbox with the hash of what was shown", async () => {
    const { code, stdout, stderr, sent } = await run(["decide", "t1", "--choice", "approve", "--comment", "sound"]);
    expect([code, stdout]).toEqual([0, "decided: approve, for t1\n"]);
    expect(stderr).toContain("Grant the loan?");
    expect(stderr).toContain('"amount": 5000');
    expect(stderr).toContain("chosen already: by carol");
    expect(stderr + stdout).not.toContain(TOKEN);
    const answer = { token: TOKEN, contentHash: "ab".repeat(32), choice: "approve", comment: "sound" };
    expect(sent.map(({ path, body }) => [path, body])).toEqual([
      ["/api/v1/tasks/t1/decisions", { ...answer, id: expect.any(String) }],
    ]);
  });

  test("says when others have to choose as well, and to whom it was handed", async () => {
    expect((await run(["decide", "t1", "--choice", "approve"], { decided: false })).stdout).toBe(
      "chosen: approve, for t1; others have to choose as well\n",
    );
    const handed = await run(["decide", "t1", "--delegate-to", "dora"], { decided: false });
    expect([handed.stdout, handed.sent[0]?.body]).toEqual([
      "handed to dora: t1\n",
      expect.objectContaining({ delegateTo: "dora", token: TOKEN }),
    ]);
  });

  test("with a token it asks the inbox for nothing", async () => {
    const { asked, sent } = await run(["decide", "t1", "--choice", "reject", "--token", "mine"]);
    expect(asked).toHaveLength(1);
    expect(sent[0]?.body).toEqual({ token: "mine", choice: "reject", id: expect.any(String) });
  });

  test("of several decisions it has to be told which; without one it says where to look", async () => {
    const inbox = [item("t1", "0a".repeat(16)), item("t1", "0b".repeat(16), { token: "another" })];
    const several = await run(["decide", "t1", "--choice", "approve"], { inbox });
    expect([several.code, several.sent]).toEqual([1, []]);
    expect(several.stderr).toContain("--question ID");
    const one = await run(["decide", "t1", "--choice", "approve", "--question", "0b".repeat(16)], { inbox });
    expect(one.sent[0]?.body).toMatchObject({ token: "another" });
    const none = await run(["decide", "t2", "--choice", "approve"]);
    expect([none.code, none.sent]).toEqual([1, []]);
    expect(none.stderr).toMatch(/asks you for no such decision[\s\S]*agentcore inbox/);
  });

  for (const [what, words] of [
    ["neither choice nor delegate", []],
    ["both", ["--choice", "approve", "--delegate-to", "dora"]],
    ["a token and a question", ["--choice", "approve", "--token", "mine", "--question", "0f"]],
  ] as const)
    test(`${what} is a wrong command line, and nothing is sent`, async () => {
      const { code, asked } = await run(["decide", "t1", ...words]);
      expect([code, asked]).toEqual([2, []]);
    });
});
