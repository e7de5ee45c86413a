import { expect, test } from "vitest";
import { createRecordingLogger, ManualClock } from "../testing/index.ts";
import { ReservationSweeper } from "./reservation-sweeper.ts";

const sweeping = (expire: (turn: number) => number | Promise<number>) => {
  const clock = new ManualClock();
  const logger = createRecordingLogger();
  const turns: number[] = [];
  const store = {
    expireReservations: async (now: number) => {
      turns.push(now);
      return expire(turns.length);
    },
  };
  return { clock, logger, turns, sweeper: new ReservationSweeper({ store, clock, logger }) };
};

test("it sweeps at the start and every ten seconds, as often as there is more", async () => {
  const { clock, turns, sweeper } = sweeping((turn) => (turn === 2 ? 1_000 : turn === 3 ? 7 : 0));
  const began = clock.now();
  sweeper.start();
  await clock.advance(9_999);
  expect(turns).toHaveLength(1);
  await clock.advance(1);
  expect(turns).toEqual([began, began + 10_000, began + 10_000]);
  await sweeper.close();
  await clock.advance(120_000);
  expect(turns).toHaveLength(3);
});

test("a store that does not answer is asked again", async () => {
  const { clock, logger, turns, sweeper } = sweeping((turn) => (turn === 1 ? Promise.reject(new Error("down")) : 0));
  sweeper.start();
  await clock.advance(10_000);
  expect(turns).toHaveLength(2);
  expect(logger.records).toMatchObject([{ level: "warn", message: expect.stringContaining("down") as string }]);
  await sweeper.close();
});
