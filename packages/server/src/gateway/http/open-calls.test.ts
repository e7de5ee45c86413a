import { expect, it } from "vitest";
import { OpenCalls } from "./open-calls.ts";

const SCOPE = { tenantId: "default", caller: "ann" };
const LIMITS = { what: "calls", max: 4, maxPerCaller: 2 };

const client = () => {
  const controller = new AbortController();
  let looks = 0;
  return {
    get signal() {
      looks++;
      return controller.signal;
    },
    leave: () => controller.abort(),
    get looks() {
      return looks;
    },
  };
};

it("asks for the client's signal when somebody wants to hear of it, and once", () => {
  const calls = new OpenCalls(LIMITS);
  const ann = client();
  const call = calls.begin(SCOPE, ann);
  expect(ann.looks).toBe(0);
  const { signal } = call;
  call.closes({ close: () => {} });
  expect([call.signal, ann.looks]).toEqual([signal, 1]);
  ann.leave();
  expect(signal.aborted).toBe(true);
});

it.each([
  ["before anybody looked", (gone: () => void, _looked: () => void) => gone()],
  [
    "afterwards",
    (gone: () => void, looked: () => void) => {
      looked();
      gone();
    },
  ],
])("tells of a client that went away %s", (_, order) => {
  const calls = new OpenCalls(LIMITS);
  const ann = client();
  const call = calls.begin(SCOPE, ann);
  order(ann.leave, () => call.signal);
  expect(call.signal.aborted).toBe(true);
  let isClosed = false;
  call.closes({ close: () => (isClosed = true) });
  expect(isClosed).toBe(true);
});

it("does not tell of a client whose signal was left, and tells of the node's end all the same", () => {
  const calls = new OpenCalls(LIMITS);
  const ann = client();
  const call = calls.begin(SCOPE, ann);
  call.leaveSignal();
  ann.leave();
  expect(call.signal.aborted).toBe(false);
  calls.close();
  expect(call.signal.aborted).toBe(true);
});

it("refuses beyond its limits until a call has ended", () => {
  const calls = new OpenCalls(LIMITS);
  const first = calls.begin(SCOPE, client());
  calls.begin(SCOPE, client());
  expect(calls.isFull(SCOPE)).toBe(true);
  expect(() => calls.begin(SCOPE, client())).toThrow("ann already has 2 calls");
  first.end();
  first.end();
  expect([calls.size, calls.isFull(SCOPE)]).toEqual([1, false]);
});
