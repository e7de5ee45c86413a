/** What every BlobStore must do. Runner-independent, like taskStoreSuite. */
import type { BlobScope, BlobStore } from "../ports/blob-store.ts";
import { codeOf, equal, present } from "./assertions.ts";
import { ManualClock } from "./manual-clock.ts";

export interface BlobStoreSuiteOptions {
  readonly name: string;
  /** An empty store for one test, whose puts are dated by `clock`. */
  readonly open: (options: {
    readonly clock: ManualClock;
  }) => Promise<{ readonly store: BlobStore; close(): Promise<void> }>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

type Case = readonly [name: string, run: (store: BlobStore, clock: ManualClock) => Promise<void>];

const T0 = 1_750_000_000_000;
const ACME: BlobScope = { tenantId: "acme", namespace: "payloads" };
// Names are not checked against contents here: whoever puts knows them.
const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(64)) as [string, string, string];
const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(numbers);

const CASES: readonly Case[] = [
  [
    "bytes come back as they were put, any of them, also none and many",
    async (store) => {
      equal(await store.get(ACME, A), null, "absent");
      const every = new Uint8Array(1_000_000).map((_, index) => index % 256);
      for (const [name, bytes] of [
        [A, every],
        [B, bytesOf()],
      ] as const) {
        await store.put(ACME, name, bytes);
        const given = present(await store.get(ACME, name), "bytes");
        equal(given.length, bytes.length, "length");
        equal(
          bytes.findIndex((byte, index) => byte !== given[index]),
          -1,
          "place of the first difference",
        );
      }
    },
  ],
  [
    "putting the same twice, and at once, is one blob",
    async (store) => {
      await Promise.all(Array.from({ length: 8 }, () => store.put(ACME, A, bytesOf(1, 2))));
      equal([...present(await store.get(ACME, A), "bytes")], [1, 2], "bytes");
      equal((await store.list(ACME)).length, 1, "listed");
      equal([await store.delete(ACME, A), await store.delete(ACME, A)], [true, false], "deleted once");
      equal([await store.get(ACME, A), await store.list(ACME)], [null, []], "gone");
    },
  ],
  [
    "what a caller does with its bytes later changes nothing",
    async (store) => {
      const mine = bytesOf(1);
      await store.put(ACME, A, mine);
      mine[0] = 2;
      const given = present(await store.get(ACME, A), "bytes");
      given[0] = 3;
      equal([...present(await store.get(ACME, A), "bytes")], [1], "bytes");
    },
  ],
  [
    "a list is in order of names, by age, in pages",
    async (store, clock) => {
      await store.put(ACME, C, bytesOf(3));
      await store.put(ACME, A, bytesOf(1));
      await clock.advance(100);
      await store.put(ACME, B, bytesOf(2));
      const names = async (options: { putBefore?: number; after?: string; limit?: number }) =>
        (await store.list(ACME, options)).map(({ name }) => name);
      equal(
        await store.list(ACME),
        [
          { name: A, putAt: T0 },
          { name: B, putAt: T0 + 100 },
          { name: C, putAt: T0 },
        ],
        "all",
      );
      equal(
        [
          await names({ putBefore: T0 + 100 }),
          await names({ putBefore: T0 }),
          await names({ after: A }),
          await names({ limit: 2 }),
        ],
        [[A, C], [], [B, C], [A, B]],
        "parts",
      );
    },
  ],
  [
    "a put of what is there makes it young again, so that it is not deleted as old",
    async (store, clock) => {
      await store.put(ACME, A, bytesOf(1));
      await clock.advance(100);
      await store.put(ACME, A, bytesOf(1));
      equal(await store.list(ACME), [{ name: A, putAt: T0 + 100 }], "age");
      equal(await store.delete(ACME, A, { putBefore: T0 + 100 }), false, "young");
      equal(await store.delete(ACME, A, { putBefore: T0 + 101 }), true, "old");
    },
  ],
  [
    "a put that races with the deletion of the old one is there afterwards",
    async (store, clock) => {
      for (let round = 0; round < 20; round++) {
        await store.put(ACME, A, bytesOf(1));
        await clock.advance(100);
        const putBefore = clock.now();
        const put = () => store.put(ACME, A, bytesOf(1));
        const remove = () => store.delete(ACME, A, { putBefore });
        const calls = round % 2 === 0 ? [remove, put] : [put, remove, put];
        await Promise.all(calls.map((call) => call()));
        equal([...present(await store.get(ACME, A), "bytes")], [1], `round ${round}`);
      }
    },
  ],
  [
    "a namespace neither sees, sweeps nor deletes what another has under the same name",
    async (store) => {
      const code = { ...ACME, namespace: "code" };
      await store.put(ACME, A, bytesOf(1));
      equal([await store.get(code, A), await store.delete(code, A), await store.list(code)], [null, false, []], "code");
      await store.put(code, A, bytesOf(2));
      equal([...present(await store.get(ACME, A), "bytes")], [1], "ours");
      equal(await store.delete(code, A), true, "theirs");
      equal([...present(await store.get(ACME, A), "still ours")], [1], "bytes");
    },
  ],
  [
    "a tenant neither sees nor deletes another's, whatever it is called (I7)",
    async (store) => {
      const tenants = ["acme", "Acme", "a/b", "../acme", "..", ".", "a\u0000b", "ü", "%61cme", "acme ", "CON"];
      for (const [index, tenantId] of tenants.entries()) await store.put({ ...ACME, tenantId }, A, bytesOf(index));
      for (const [index, tenantId] of tenants.entries())
        equal([...present(await store.get({ ...ACME, tenantId }, A), tenantId)], [index], tenantId);
      equal([...(await store.tenants("payloads"))].sort(), [...tenants].sort(), "tenants");
      equal(await store.tenants("code"), [], "of another namespace");
      const other = { ...ACME, tenantId: "globex" };
      equal(
        [await store.get(other, A), await store.delete(other, A), await store.list(other)],
        [null, false, []],
        "of others",
      );
      equal((await store.list(ACME)).length, 1, "still there");
    },
  ],
  [
    "a name that is no hash, and a namespace that is no word, are refused by every method",
    async (store) => {
      for (const name of ["", "a", "../".repeat(22).slice(0, 64), A.toUpperCase(), `${A}0`]) {
        equal(await codeOf(() => store.put(ACME, name, bytesOf(1))), "INVALID_ARGUMENT", `put ${name}`);
        equal(await codeOf(() => store.get(ACME, name)), "INVALID_ARGUMENT", `get ${name}`);
        equal(await codeOf(() => store.delete(ACME, name)), "INVALID_ARGUMENT", `delete ${name}`);
      }
      for (const namespace of ["", "..", "a/b", "Code"]) {
        equal(await codeOf(() => store.put({ ...ACME, namespace }, A, bytesOf(1))), "INVALID_ARGUMENT", namespace);
        equal(await codeOf(() => store.list({ ...ACME, namespace })), "INVALID_ARGUMENT", namespace);
        equal(await codeOf(() => store.tenants(namespace)), "INVALID_ARGUMENT", namespace);
      }
    },
  ],
];

export const blobStoreSuite = ({ name, open, test }: BlobStoreSuiteOptions): void => {
  for (const [sentence, run] of CASES) {
    test(`${name}: ${sentence}`, async () => {
      const clock = new ManualClock({ now: T0 });
      const { store, close } = await open({ clock });
      try {
        await run(store, clock);
      } finally {
        await close();
      }
    });
  }
};
