import { describe, expect, test } from "vitest";
import { fakeStatus, startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const nodes = [fakeStatus("pod-1"), fakeStatus("pod-2")];

const drain = async (afterDrain: readonly Readonly<Record<string, unknown>>[], ...more: readonly string[]) => {
  const node = await startFakeNode({ nodes, afterDrain });
  const ran = await runInTest(["drain", "pod-2", "--url", node.url, ...more]);
  return { ...ran, asked: node.requests[0], requests: node.requests };
};

describe("drain", () => {
  test("waits until the node holds no task, and says what is left", async () => {
    const ran = await drain(
      [{ state: "ready" }, { state: "draining" }, { state: "drained", tasks: 0 }],
      "--grace",
      "60",
    );
    expect(ran).toMatchObject({ code: 0, stdout: "pod-2 is drained: it holds no task\n" });
    expect(ran.stderr).toContain("pod-2: asked");
    expect(ran.stderr).toContain("pod-2: 2 tasks (greeter 2) left");
    expect(ran.asked).toMatchObject({
      method: "POST",
      path: "/api/v1/nodes/pod-2/drain",
      body: { graceMs: 60_000 },
    });
  });

  test("without waiting it only asks", async () => {
    const ran = await drain([], "--timeout", "0");
    expect(ran).toMatchObject({ code: 0, stdout: "pod-2 is being drained\n" });
    expect(ran.requests).toHaveLength(1);
    expect(ran.asked?.body).toEqual({ graceMs: 30_000 });
  });

  test("ends with 1 when tasks are held for longer than it waits", async () => {
    const ran = await drain([{ state: "draining", tasks: 1, agents: [] }], "--timeout", "1");
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("error DEADLINE_EXCEEDED: pod-2 still holds 1 task after 1 s");
    expect(ran.stderr).toContain("next: It goes on draining");
  });

  test.each([
    [
      [{ state: "lost" }],
      "error UNAVAILABLE: node pod-2 is lost: it has not been heard of since 1970-01-01T00:01:00.000Z",
    ],
    [[{ state: "draining" }, { state: "ready" }], "error CONFLICT: somebody has undrained pod-2"],
  ])("%j ends it with a reason", async (answers, message) => {
    const ran = await drain(answers);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(message);
  });

  test("a node that is not there is named, and so is a wrong number", async () => {
    const { url } = await startFakeNode({ nodes });
    expect((await runInTest(["drain", "pod-9", "--url", url])).stderr).toContain('there is no node "pod-9"');
    expect(await runInTest(["drain", "pod-2", "--grace", "soon", "--url", url])).toMatchObject({ code: 2 });
  });
});

test("undrain lets it work again", async () => {
  const node = await startFakeNode({ nodes });
  const ran = await runInTest(["undrain", "pod-2", "--url", node.url]);
  expect(ran).toMatchObject({ code: 0, stdout: "pod-2 may take tasks again\n" });
  expect(node.requests[0]).toMatchObject({ method: "POST", path: "/api/v1/nodes/pod-2/undrain" });
});

test("nodes are listed and described, also as data", async () => {
  const { url } = await startFakeNode({ nodes });
  const listed = await runInTest(["get", "nodes", "--url", url]);
  expect(listed.stdout).toMatch(/^NAME +STATE +TASKS +AGENTS +VERSION +ADDRESS +HEARTBEAT\n/);
  expect(listed.stdout).toContain("pod-2  ready  2      1       1.2.3    http://pod-2  1970-01-01T00:01:00.000Z");
  const one = await runInTest(["get", "nodes", "pod-1", "-o", "json", "--url", url]);
  expect(JSON.parse(one.stdout)).toMatchObject([{ name: "pod-1", heartbeatAt: "1970-01-01T00:01:00.000Z" }]);
  const described = await runInTest(["describe", "node", "pod-2", "--url", url]);
  expect(described.stdout).toMatch(
    /State: +ready[^]*Agents:\n {2}NAME +REPLICAS +TASKS +REVISION\n {2}greeter +1 +2 +r1/,
  );
});
