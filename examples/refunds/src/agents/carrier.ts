import { agent } from "agentcore";
import { z } from "zod";

const Booking = z.object({ order: z.string(), address: z.string() });
const Pickup = z.object({ pickup: z.string(), order: z.string() });

export const carrier = agent({
  name: "carrier",
  description: "Fetches parcels: books pickups, and cancels them",
  skills: [
    { id: "book-pickup", description: "{ order, address } → { pickup, order }" },
    { id: "cancel-pickup", description: "{ pickup }" },
  ],
  input: z.union([Pickup, Booking]),
  async run({ input, skill }, ctx) {
    if (skill === "cancel-pickup" && "pickup" in input) {
      await ctx.memory.delete(input.pickup);
      return { canceled: input.pickup };
    }
    const { order } = input;
    const pickup = `pickup-${order}`;
    await ctx.memory.set(pickup, input);
    return { pickup, order };
  },
});
