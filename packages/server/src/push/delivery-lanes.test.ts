import { expect, test } from "vitest";
import { DeliveryLanes } from "./delivery-lanes.ts";

/** Jobs by name that run until they are let go. */
const createJobs = (lanes: DeliveryLanes) => {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  return {
    begun,
    add(tenantId: string, host: string, name: string) {
      lanes.add(tenantId, host, () => {
        begun.push(name);
        return new Promise((resolve) => running.set(name, resolve));
      });
    },
    async end(name: string) {
      running.get(name)?.();
      running.delete(name);
      await new Promise((resolve) => setImmediate(resolve));
    },
    async endAll() {
      for (let name = [...running.keys()][0]; name !== undefined; name = [...running.keys()][0]) await this.end(name);
    },
  };
};

test("a slow host holds up itself, a tenant itself", async () => {
  const lanes = new DeliveryLanes({ all: 5, perTenant: 3, perLane: 2 });
  const jobs = createJobs(lanes);
  for (const name of ["a1", "a2", "a3"]) jobs.add("acme", "slow.example", name);
  expect(jobs.begun).toEqual(["a1", "a2"]);
  for (const name of ["b1", "b2"]) jobs.add("acme", "fast.example", name);
  expect(jobs.begun).toEqual(["a1", "a2", "b1"]);
  for (const name of ["c1", "c2", "c3"]) jobs.add("other", "slow.example", name);
  expect(jobs.begun).toEqual(["a1", "a2", "b1", "c1", "c2"]);
  await jobs.end("b1");
  expect(jobs.begun.slice(5)).toEqual(["b2"]);
  await jobs.end("a1");
  expect(jobs.begun.slice(6)).toEqual(["a3"]);
  await jobs.end("c1");
  expect(jobs.begun.slice(7)).toEqual(["c3"]);
  await jobs.endAll();
  await lanes.idle();
});

test("lanes take turns, and each keeps its order", async () => {
  const lanes = new DeliveryLanes({ all: 1, perTenant: 1, perLane: 1 });
  const jobs = createJobs(lanes);
  for (const name of ["a1", "a2", "a3"]) jobs.add("t", "a", name);
  for (const name of ["b1", "b2"]) jobs.add("t", "b", name);
  await jobs.endAll();
  expect(jobs.begun).toEqual(["a1", "a2", "b1", "a3", "b2"]);
});

test("what was cleared does not begin; idle waits for what has", async () => {
  const lanes = new DeliveryLanes({ all: 1, perTenant: 1, perLane: 1 });
  const jobs = createJobs(lanes);
  jobs.add("t", "a", "a1");
  jobs.add("t", "a", "a2");
  lanes.clear();
  let isIdle = false;
  const idle = lanes.idle().then(() => {
    isIdle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isIdle).toBe(false);
  await jobs.end("a1");
  await idle;
  expect(jobs.begun).toEqual(["a1"]);
});
