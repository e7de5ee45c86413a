import { agent } from "agentcore";
import { z } from "zod";

const Order = z.object({ order: z.string(), pieces: z.array(z.object({ worth: z.number() })) });
const Payment = z.object({ payment: z.string(), amount: z.number() });

export const cashier = agent({
  name: "cashier",
  description: "Pays customers, and takes payments back",
  skills: [
    { id: "pay", description: "{ order, pieces } → { payment, amount }" },
    { id: "take-back", description: "{ payment, amount }" },
  ],
  input: z.union([Payment, Order]),
  async run({ input, skill }, ctx) {
    if (skill === "take-back" && "payment" in input) {
      await ctx.memory.delete(input.payment);
      return { takenBack: input.amount };
    }
    const { order, pieces } = Order.parse(input);
    const payment = `payment-${order}`;
    const amount = pieces.reduce((sum, { worth }) => sum + worth, 0);
    await ctx.memory.set(payment, amount);
    return { payment, amount };
  },
});
