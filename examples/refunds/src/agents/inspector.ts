import { agent } from "agentcore";
import { z } from "zod";

const WORTH = { unopened: 1, used: 0.7, broken: 0.2 } as const;

const Piece = z.object({ name: z.string(), price: z.number(), condition: z.enum(["unopened", "used", "broken"]) });

export const inspector = agent({
  name: "inspector",
  description: "Says what a piece that came back is worth",
  input: Piece,
  output: z.object({ name: z.string(), worth: z.number() }),
  idempotent: true,
  run: ({ input: { name, price, condition } }) => ({ name, worth: Math.round(price * WORTH[condition] * 100) / 100 }),
});
