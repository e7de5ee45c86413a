/** Hostile messages over gRPC: mutated requests, and bytes that are none. */
import { type ServiceDefinition, type ServiceError, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { connectGrpc } from "../../../../a2a/test/connect-grpc.ts";
import { A2A_SERVICE } from "../../../../a2a/test/sdk-services.ts";
import { createFixture, describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import { grpcMessage } from "../../../test/gateway/grpc-message.ts";
import { HOSTILE_TEXTS } from "../../../test/gateway/hostile/edits.ts";
import { shutDown } from "../shut-down.ts";
import { listenGrpc } from "./listen-grpc.ts";

const REQUESTS = 3_000;
const BATCH = 20;
const SEED = Number(process.env.AGENTCORE_FUZZ_SEED ?? Date.now() % 2 ** 31);

const UNARY = Object.keys(A2A_SERVICE).filter((name) => A2A_SERVICE[name]?.responseStream === false);
const STREAMS = Object.keys(A2A_SERVICE).filter((name) => A2A_SERVICE[name]?.responseStream === true);

/** The same methods, whose requests are bytes. */
const RAW: ServiceDefinition = Object.fromEntries(
  Object.entries(A2A_SERVICE).map(([name, method]) => [
    name,
    { ...method, requestSerialize: (bytes: Buffer) => bytes },
  ]),
);

const text = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS, "default/echo", "echo"), fc.string({ unit: "binary" }));
const task = fc.oneof({ weight: 2, arbitrary: fc.constantFrom("task-1", "task-2") }, text);
const url = fc.oneof(fc.constant("https://example.com/hook"), text);
const number = fc.constantFrom(0, 1, 2, 3, -1, 3, 101, 2 ** 31 - 1, -(2 ** 31));
const deep = (levels: number): unknown => (levels === 0 ? "end" : [deep(levels - 1)]);
const part = fc.record({
  content: fc.oneof(
    fc.record({ $case: fc.constantFrom("text", "url"), value: text }),
    fc.record({ $case: fc.constant("raw"), value: fc.uint8Array().map((bytes) => Buffer.from(bytes)) }),
    fc.record({ $case: fc.constant("data"), value: fc.oneof(fc.jsonValue(), fc.constantFrom(97, 99, 101).map(deep)) }),
    fc.constant(undefined),
  ),
  metadata: fc.constantFrom(undefined, {}, { a: 1 }),
  filename: text,
  mediaType: fc.constantFrom("", "text/plain", "image/png", ";"),
});
const plain = [{ content: { $case: "text", value: "hold" }, metadata: undefined, filename: "", mediaType: "" }];
const config = fc.record({
  ...{ tenant: text, id: text, taskId: task, url, token: text },
  authentication: fc.option(fc.record({ scheme: text, credentials: text }), { nil: undefined }),
});
const request = fc.record({
  tenant: fc.oneof({ weight: 4, arbitrary: fc.constant("") }, text),
  ...{ id: task, taskId: task, contextId: fc.constant(""), url, pageToken: fc.constantFrom("", "x"), token: text },
  historyLength: fc.option(number, { nil: undefined }),
  ...{ pageSize: number, status: fc.constantFrom(0, 0, 1, 3, 9, 99, -1), statusTimestampAfter: fc.constant(undefined) },
  includeArtifacts: fc.boolean(),
  authentication: fc.constant(undefined),
  metadata: fc.constantFrom(undefined, {}, { a: [null] }),
  message: fc.option(
    fc.record({
      ...{ messageId: text, contextId: fc.constantFrom("", "c"), taskId: fc.constantFrom("", "", "task-1", "task-2") },
      ...{
        role: fc.constantFrom(0, 1, 1, 1, 2, 7),
        parts: fc.oneof(fc.constant(plain), fc.array(part, { maxLength: 3 })),
      },
      metadata: fc.constantFrom(undefined, { a: 1 }),
      ...{ extensions: fc.array(text, { maxLength: 2 }), referenceTaskIds: fc.array(text, { maxLength: 2 }) },
    }),
    { nil: undefined, freq: 9 },
  ),
  configuration: fc.option(
    fc.record({
      ...{ acceptedOutputModes: fc.constantFrom([], ["text/plain"], ["x"]), returnImmediately: fc.constant(true) },
      historyLength: fc.option(number, { nil: undefined }),
      taskPushNotificationConfig: fc.option(config, { nil: undefined }),
    }),
    { nil: undefined },
  ),
});

type Damage = (bytes: Buffer) => Buffer;
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Damage>((bytes) => bytes) },
  fc.nat(1000).map(
    (at): Damage =>
      (bytes) =>
        bytes.subarray(0, at % (bytes.length + 1)),
  ),
  fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 255 })).map(
    ([at, bits]): Damage =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        if (changed.length > 0) changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ bits;
        return changed;
      },
  ),
  fc.uint8Array({ maxLength: 200 }).map(
    (random): Damage =>
      () =>
        Buffer.from(random),
  ),
  fc.constant<Damage>((bytes) => Buffer.concat([bytes, bytes])),
);
const metadata = fc.constantFrom<Record<string, string>>(
  ...[
    {},
    {},
    {},
    { "a2a-version": "1.0" },
    { "a2a-version": "9" },
    { "last-event-id": "-1" },
    { "last-event-id": "1" },
  ],
  ...[{ "a2a-extensions": ",," }, { authorization: "Bearer x" }],
);

const ALLOWED = new Set([
  ...[status.INVALID_ARGUMENT, status.NOT_FOUND, status.FAILED_PRECONDITION, status.PERMISSION_DENIED],
  ...[status.RESOURCE_EXHAUSTED, status.UNAUTHENTICATED, status.UNIMPLEMENTED, status.CANCELLED, status.ABORTED],
]);

it(`no hostile message gets more than a refusal, or leaves anything open (seed ${SEED})`, {
  timeout: 60_000,
}, async () => {
  const fixture = createFixture({ settings: { cancelWaitMs: 1 } }, [describeAgent("echo")]);
  const listener = await listenGrpc(fixture.gateway, { port: 0 });
  const grpc = connectGrpc(`127.0.0.1:${listener.port}`, { definition: RAW });
  const { tasks, gateway, errors } = fixture;
  let answered = 0;

  const judge = (thrown: unknown, what: string): void => {
    const { code, details } = thrown as ServiceError;
    const cannotDecode = code === status.INTERNAL && details.startsWith("Error deserializing request");
    if (!ALLOWED.has(code) && !cannotDecode) throw new Error(`${what}: ${code} ${details}`);
    if (/\n\s+at |\.[mc]?[jt]s:\d|node_modules/.test(details)) throw new Error(`${what} leaks: ${details}`);
  };

  /** Of the batch, not answered yet. */
  let pending = 0;
  // Damage may take away that a send does not wait: once all that is left waits for a task, the tasks end.
  const endTasks = (): void => {
    if (pending === 0 || pending > tasks.waiting) return;
    for (const [id, { state }] of tasks.tasks)
      if (state === "working") tasks.append(id, { type: "task.canceled", data: {} });
  };
  const { wakers } = tasks;
  const addWaker = wakers.add.bind(wakers);
  wakers.add = (wake) => {
    queueMicrotask(endTasks);
    return addWaker(wake);
  };
  const answers = async (answer: Promise<void>): Promise<void> => {
    pending += 1;
    try {
      await answer;
    } finally {
      pending -= 1;
      endTasks();
    }
  };

  try {
    for (const word of ["hello", "hold"])
      await grpc.unary(
        "sendMessage",
        A2A_SERVICE["sendMessage"]?.requestSerialize({
          ...grpcMessage(word),
          configuration: { acceptedOutputModes: [], returnImmediately: true },
        }),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...UNARY, ...STREAMS), request, damage, metadata), {
          minLength: BATCH,
          maxLength: BATCH,
        }),
        async (batch) => {
          await Promise.all(
            batch.map(([name, asked, damaged, headers]) => {
              // Whoever waits for an answer from somebody would wait for long.
              const quick = {
                acceptedOutputModes: [],
                taskPushNotificationConfig: undefined,
                historyLength: undefined,
              };
              const given = { ...asked, configuration: asked.configuration ?? { ...quick, returnImmediately: true } };
              const bytes = damaged(A2A_SERVICE[name]?.requestSerialize(given) as Buffer);
              if (UNARY.includes(name))
                return answers(
                  grpc.unary(name, bytes, headers).then(
                    () => void (answered += 1),
                    (thrown: unknown) => judge(thrown, name),
                  ),
                );
              const stream = grpc.stream(name, bytes, headers);
              const { promise, resolve, reject } = Promise.withResolvers<void>();
              stream.on("data", () => stream.cancel());
              stream.on("error", (thrown) => {
                try {
                  judge(thrown, name);
                  resolve();
                } catch (error) {
                  reject(error as Error);
                }
              });
              stream.on("end", resolve);
              return answers(promise);
            }),
          );
          if (errors.length > 0) throw new Error(`a defect behind the answers: ${String((errors[0] as Error).stack)}`);
        },
      ),
      { numRuns: REQUESTS / BATCH, seed: SEED, endOnFailure: process.env.AGENTCORE_FUZZ_SEED === undefined },
    );
    expect(answered).toBeGreaterThan(100);
    await expect.poll(() => [gateway.openStreams, tasks.readers, tasks.waiting]).toEqual([0, 0, 0]);
  } finally {
    grpc.close();
    await shutDown(gateway, [listener], 0);
  }
});
