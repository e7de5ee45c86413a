import type { FetchedCard } from "@agentcore/a2a/client";
import { PlatformError } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createSealedKeyValue } from "@agentcore/core/payloads";
import { createTestCodec, ManualClock } from "@agentcore/core/testing";
import { expect, it } from "vitest";
import { CARD_INTERVALS, createCardRecords } from "./card-records.ts";

const REMOTE = { card: "https://agent.test/" };
const { minMs, maxMs, retryMs } = CARD_INTERVALS;

/** Nodes on one store, and an agent that counts who asks for its card. */
const open = (answer: () => Partial<FetchedCard> = () => ({})) => {
  const clock = new ManualClock({ now: 1_000_000 });
  const keyValue = createMemoryKeyValue({ clock });
  const asked: (string | undefined)[] = [];
  const node = () => {
    const records = createCardRecords({ keyValue, clock, intervals: CARD_INTERVALS });
    return (tenantId = "t") =>
      records.current(tenantId, REMOTE, async (known) => {
        asked.push(known?.etag);
        const card = { raw: { name: "A" } } as unknown as FetchedCard["card"];
        return { url: REMOTE.card, etag: '"1"', card, ...answer() };
      });
  };
  return { clock, asked, node };
};

it("one node asks for a card, and the others read what it found, until it is due again", async () => {
  const { clock, asked, node } = open();
  const [a, b, c] = [node(), node(), node()];
  await Promise.all([a(), b(), c()]);
  expect((await b())?.card).toEqual({ name: "A" });
  expect(asked).toHaveLength(1);
  await clock.advance(minMs - 1);
  await Promise.all([a(), b(), c()]);
  expect(asked).toHaveLength(1);
  await clock.advance(2);
  await Promise.all([a(), b(), c()]);
  expect(asked).toEqual([undefined, '"1"']);
});

it("a card's max-age makes the time between two checks longer, up to five minutes", async () => {
  const { clock, asked, node } = open(() => ({ maxAgeMs: 3_600_000 }));
  const look = node();
  await look();
  await clock.advance(maxMs - 1);
  await look();
  expect(asked).toHaveLength(1);
  await clock.advance(2);
  await look();
  expect(asked).toHaveLength(2);
});

it("a card is asked for at its time also when the clock was set back since", async () => {
  const { clock, asked, node } = open();
  const look = node();
  await look();
  clock.jump(-3_600_000);
  await look();
  expect(asked).toHaveLength(2);
});

it("an agent that fails is asked again soon, then less and less often, and keeps the card it had", async () => {
  let fails = false;
  const { clock, asked, node } = open(() => {
    if (fails) throw new PlatformError("UPSTREAM_FAILED", "away");
    return {};
  });
  const look = node();
  await look();
  fails = true;
  await clock.advance(minMs + 1);
  expect(await look()).toMatchObject({ card: { name: "A" }, error: { code: "UPSTREAM_FAILED", message: "away" } });
  await clock.advance(retryMs + 1);
  await look();
  expect(asked).toHaveLength(3);
  await clock.advance(retryMs + 1);
  await look();
  expect(asked).toHaveLength(3);
  fails = false;
  await clock.advance(retryMs);
  expect(await look()).not.toHaveProperty("error");
});

it("an unchanged card stays, and tenants know nothing of each other's", async () => {
  let card: FetchedCard["card"] | undefined;
  const { clock, asked, node } = open(() => (card === undefined ? {} : { card: null }));
  const look = node();
  await look();
  card = null;
  await clock.advance(minMs + 1);
  expect((await look())?.card).toEqual({ name: "A" });
  await look("other");
  expect(asked).toEqual([undefined, '"1"', undefined]);
});

it("a card that is too large to keep is refused, and the one before stays, whatever else the record holds", async () => {
  const clock = new ManualClock({ now: 1_000_000 });
  const keyValue = createSealedKeyValue(createMemoryKeyValue({ clock }), createTestCodec());
  const { current } = createCardRecords({ keyValue, clock, intervals: CARD_INTERVALS });
  let description = "x".repeat(900_000);
  const look = () =>
    current("t", REMOTE, async () => {
      if (description === "") throw new PlatformError("UPSTREAM_FAILED", "\u0007".repeat(100_000));
      const card = { raw: { description } } as unknown as FetchedCard["card"];
      return { url: REMOTE.card, etag: "e".repeat(10_000), card };
    });
  expect((await look())?.card).toEqual({ description });
  description = "y".repeat(920_000);
  await clock.advance(minMs + 1);
  const refused = await look();
  expect(refused?.error).toMatchObject({ code: "TOO_LARGE", message: expect.stringContaining("917504 are allowed") });
  expect(refused?.card).toEqual({ description: "x".repeat(900_000) });
  description = "";
  await clock.advance(minMs + 1);
  expect((await look())?.error?.code).toBe("UPSTREAM_FAILED");
});
