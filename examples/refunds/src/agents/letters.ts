import { agent, TerminalError } from "agentcore";
import { z } from "zod";

export const letters = agent({
  name: "letters",
  description: "Writes to customers",
  input: z.object({ to: z.string(), address: z.string(), text: z.string() }),
  run({ input: { to, address, text } }) {
    if (!/\d/.test(address)) throw new TerminalError(`${address}: expected an address with the number of a house`);
    return { letter: `${to}\n${address}\n\n${text}` };
  },
});
