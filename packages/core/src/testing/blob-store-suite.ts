/** What every BlobStore must do. Runner-independent, like taskStoreSuite. */
import type { BlobStore } from "../ports/blob-store.ts";
import { equal, present } from "./assertions.ts";

export interface BlobStoreSuiteOptions {
  readonly name: string;
  /** An empty store for one test. */
  readonly open: () => Promise<{ readonly store: BlobStore; close(): Promise<void> }>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

// Names are not checked against contents here: whoever puts knows them.
const HASH = "a".repeat(64);
const OTHER_HASH = "b".repeat(64);
const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(numbers);

const CASES: readonly (readonly [string, (store: BlobStore) => Promise<void>])[] = [
  [
    "bytes come back as they were put, any of them, also none and many",
    async (store) => {
      equal(await store.get("acme", HASH), null, "absent");
      const every = new Uint8Array(1_000_000).map((_, index) => index % 256);
      for (const [hash, bytes] of [
        [HASH, every],
        [OTHER_HASH, bytesOf()],
      ] as const) {
        await store.put("acme", hash, bytes);
        equal([...present(await store.get("acme", hash), "bytes")], [...bytes], "bytes");
      }
    },
  ],
  [
    "putting the same twice, and at once, is one blob",
    async (store) => {
      await Promise.all(Array.from({ length: 8 }, () => store.put("acme", HASH, bytesOf(1, 2))));
      equal([...present(await store.get("acme", HASH), "bytes")], [1, 2], "bytes");
      equal([await store.delete("acme", HASH), await store.delete("acme", HASH)], [true, false], "deleted once");
      equal(await store.get("acme", HASH), null, "gone");
    },
  ],
  [
    "what a caller does with its bytes later changes nothing",
    async (store) => {
      const mine = bytesOf(1);
      await store.put("acme", HASH, mine);
      mine[0] = 2;
      const given = present(await store.get("acme", HASH), "bytes");
      given[0] = 3;
      equal([...present(await store.get("acme", HASH), "bytes")], [1], "bytes");
    },
  ],
  [
    "a tenant neither sees nor deletes another's, whatever the names are made of (I7)",
    async (store) => {
      await store.put("acme", HASH, bytesOf(1));
      await store.put("a\u0000b", "c", bytesOf(2));
      equal(
        [await store.get("globex", HASH), await store.delete("globex", HASH), await store.get("a", "b\u0000c")],
        [null, false, null],
        "of others",
      );
      equal([...present(await store.get("acme", HASH), "bytes")], [1], "still there");
    },
  ],
];

export const blobStoreSuite = ({ name, open, test }: BlobStoreSuiteOptions): void => {
  for (const [sentence, run] of CASES) {
    test(`${name}: ${sentence}`, async () => {
      const { store, close } = await open();
      try {
        await run(store);
      } finally {
        await close();
      }
    });
  }
};
