/** What is found, and in which order. */
import { ensure, equal, present } from "./assertions.ts";
import { at, equalNear, HERE, idsOf, nearestIds, type VectorCase } from "./vector-index-fixture.ts";

export const VECTOR_SEARCH_CASES: readonly VectorCase[] = [
  [
    "the nearest come first, with their cosine, whatever their length, and with what is known of them",
    async (index) => {
      await index.upsert(HERE, [
        { id: "far", vector: at(180) },
        { id: "near", vector: at(10).map((number) => number * 1000), metadata: { team: "loans", size: 3, live: true } },
        { id: "beside", vector: Float32Array.from(at(90)) },
        { id: "same", vector: at(0).map((number) => number / 1000) },
      ]);
      const found = await index.nearest(HERE, { vector: [5, 0], limit: 10 });
      equalNear(found, [
        ["same", 1],
        ["near", Math.cos(Math.PI / 18)],
        ["beside", 0],
        ["far", -1],
      ]);
      equal(found[1]?.metadata, { team: "loans", size: 3, live: true }, "metadata");
      equal(found[0]?.metadata, {}, "no metadata");
      equal(await nearestIds(index, { vector: at(170), limit: 2 }), ["far", "beside"], "from the other side");
    },
  ],
  [
    "a vector is most similar to itself, within the tolerance, in many dimensions too",
    async (index) => {
      for (const dimensions of [1, 2, 3, 5, 383, 4096]) {
        const scope = { ...HERE, namespace: `of ${dimensions}` };
        for (let time = 1; time <= 10; time++) {
          const vector = Array.from({ length: dimensions }, (_, place) => ((time * (place + 1) * 7919) % 101) - 50.5);
          await index.upsert(scope, [
            { id: "itself", vector },
            { id: "opposite", vector: vector.map((number) => -number) },
          ]);
          const found = await index.nearest(scope, { vector, limit: 2 });
          equalNear(found, [
            ["itself", 1],
            ["opposite", -1],
          ]);
          ensure(
            found.every(({ similarity }) => similarity >= -1 && similarity <= 1),
            "a cosine is from -1 to 1",
          );
        }
      }
    },
  ],
  [
    "equals come in the order of their ids by code point, also where the limit cuts them off",
    async (index) => {
      const ids = ["b", "a", "é", "e\u0301", "\u{1f4a1}", "\uffe0", "B", "a1", "10", "9", "a/b", "a\\b", "日本", " "];
      const inOrder = [
        " ",
        "10",
        "9",
        "B",
        "a",
        "a/b",
        "a1",
        "a\\b",
        "b",
        "e\u0301",
        "é",
        "日本",
        "\uffe0",
        "\u{1f4a1}",
      ];
      await index.upsert(
        HERE,
        ids.map((id) => ({ id, vector: [1, 2, 2] })),
      );
      for (const limit of [1, 3, 9, 13, 14, 1000])
        equal(await nearestIds(index, { vector: [1, 2, 2], limit }), inOrder.slice(0, limit), `the first ${limit}`);
      equal(await nearestIds(index, { vector: [-1, 0, 0], limit: 14 }), inOrder, "all equally far");
      equal(idsOf(await index.list(HERE)), inOrder, "listed");
    },
  ],
  [
    "a filter never costs a result: with many nearer ones that do not match, there are as many as asked for",
    async (index) => {
      for (let hundred = 0; hundred < 10; hundred++)
        await index.upsert(
          HERE,
          Array.from({ length: 100 }, (_, place) => {
            const number = hundred * 100 + place;
            return { id: `v${number}`, vector: at(number / 10), metadata: { tenth: number % 10 === 9, hundred } };
          }),
        );
      const query = { vector: at(0), limit: 100, filter: { tenth: true } };
      const expected = Array.from({ length: 100 }, (_, place) => `v${place * 10 + 9}`);
      equal(await nearestIds(index, query), expected, "all that match");
      equal(await nearestIds(index, { ...query, limit: 7 }), expected.slice(0, 7), "the first of them");
      equal(
        await nearestIds(index, { ...query, filter: { tenth: true, hundred: 9 } }),
        expected.slice(90),
        "both fields",
      );
      equal(await nearestIds(index, { ...query, filter: { hundred: 10 } }), [], "none");
    },
  ],
  [
    "a filter compares type and value, and a field that is absent is equal to nothing",
    async (index) => {
      const values = [1, "1", true, "true", 0, false, "", "null", 1.5, -1e300, 5e-324, "a\u0000b", "a\\0b", "💡"];
      await index.upsert(HERE, [
        ...values.map((value, place) => ({ id: `v${place}`, vector: [1, 0], metadata: { value, other: place } })),
        { id: "without", vector: [1, 0] },
        { id: "odd names", vector: [1, 0], metadata: { "": 1, "a.b": 2, "$[0]": "x", "'; --": true, "nul\u0000": 1 } },
      ]);
      for (const [place, value] of values.entries()) {
        const found = await index.nearest(HERE, { vector: [1, 0], limit: 10, filter: { value } });
        equal(idsOf(found), [`v${place}`], `equal to ${JSON.stringify(value)}`);
        equal(found[0]?.metadata, { value, other: place }, "as it was put");
      }
      for (const filter of [{ "": 1 }, { "a.b": 2 }, { "$[0]": "x", "'; --": true }, { "nul\u0000": 1 }])
        equal(await nearestIds(index, { vector: [1, 0], limit: 10, filter }), ["odd names"], JSON.stringify(filter));
      for (const filter of [{ value: 2 }, { toString: 1 }, { "nul\\0": 1 }, { value: 1, other: 1 }])
        equal(await nearestIds(index, { vector: [1, 0], limit: 10, filter }), [], JSON.stringify(filter));
    },
  ],
  [
    "minSimilarity leaves out what is farther, before the limit is counted",
    async (index) => {
      await index.upsert(
        HERE,
        [0, 10, 60, 90, 120, 180].map((degrees) => ({ id: `${degrees}`, vector: at(degrees) })),
      );
      const from = (minSimilarity: number, limit = 10) => nearestIds(index, { vector: at(0), limit, minSimilarity });
      equal(await from(0.85), ["0", "10"], "0.85");
      equal(await from(0.4), ["0", "10", "60"], "0.4");
      equal(await from(-0.6), ["0", "10", "60", "90", "120"], "-0.6");
      equal(await from(-1), ["0", "10", "60", "90", "120", "180"], "-1");
      equal(await from(0.4, 2), ["0", "10"], "with a limit");
      equal(await nearestIds(index, { vector: at(220), limit: 10, minSimilarity: 0.999 }), [], "none");
    },
  ],
  [
    "as many results as asked for, up to a thousand",
    async (index) => {
      for (const half of ["a", "b", "c"])
        await index.upsert(
          HERE,
          Array.from({ length: 500 }, (_, place) => ({ id: `${half}${1000 + place}`, vector: [1, place + 1] })),
        );
      equal(await index.count(HERE), 1500, "entries");
      for (const limit of [1, 999, 1000])
        equal((await index.nearest(HERE, { vector: [1, 1], limit })).length, limit, "results");
      equal(await nearestIds(index, { vector: [1, 1], limit: 4 }), ["a1000", "b1000", "c1000", "a1001"], "the best");
    },
  ],
  [
    "an upsert replaces the entry as a whole; of several with one id in a call the last is kept",
    async (index) => {
      await index.upsert(HERE, [{ id: "a", vector: at(0), metadata: { first: true } }]);
      await index.upsert(HERE, [
        { id: "b", vector: at(45) },
        { id: "a", vector: at(180) },
        { id: "a", vector: at(90), metadata: { last: true } },
      ]);
      const found = await index.nearest(HERE, { vector: at(0), limit: 10 });
      equal(idsOf(found), ["b", "a"], "where it is now");
      equal(present(found[1], "a").metadata, { last: true }, "metadata");
      equal(await index.count(HERE), 2, "entries");
      equal(await nearestIds(index, { vector: at(0), limit: 10, filter: { first: true } }), [], "what it was");
    },
  ],
  [
    "writes of the same entries at once all go through, in whatever order each of them names the entries",
    async (index) => {
      const ids = Array.from({ length: 30 }, (_, place) => `v${place}`);
      const turned = (by: number): readonly string[] => [...ids.slice(by), ...ids.slice(0, by)];
      await Promise.all(
        ids.flatMap((_, by) => [
          index.upsert(
            HERE,
            turned(by).map((id) => ({ id, vector: at(by) })),
          ),
          index.delete(HERE, turned(29 - by)),
        ]),
      );
      await index.upsert(
        HERE,
        ids.map((id) => ({ id, vector: at(0) })),
      );
      equal(await index.count(HERE), 30, "entries");
    },
  ],
  [
    "what was confirmed is seen by the next call, however searches, upserts and deletes come together",
    async (index) => {
      await index.upsert(HERE, [{ id: "always", vector: at(90) }]);
      const work = async (worker: number): Promise<void> => {
        for (let round = 0; round < 10; round++) {
          const id = `w${worker}`;
          await index.upsert(HERE, [{ id, vector: at(worker), metadata: { round } }]);
          const query = { vector: at(worker), limit: 1, filter: { round } };
          ensure((await nearestIds(index, { ...query, limit: 20 })).includes(id), "found after its upsert");
          equal(await index.delete(HERE, [id]), 1, "there");
          ensure(!(await nearestIds(index, { vector: at(worker), limit: 20 })).includes(id), "gone after its delete");
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
      equal(await nearestIds(index, { vector: at(0), limit: 20 }), ["always"], "what is left");
    },
  ],
];
