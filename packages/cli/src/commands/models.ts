import type { ModelSummary } from "@agentcore/sdk/client";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "models",
  summary: "List the models that may be asked, with their prices, bounds and troubles",
  details: [
    "PRICE is US dollars for a million tokens of input and of output, CONTEXT and OUTPUT are in tokens; `-` is what is not known.",
    "PROVIDER/… stands for all models of a provider that the node's environment has a key for.",
    "`agentcore models plan` says what machines local models need.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore models", explanation: "What there is, and why it cannot be asked, if so" },
    { command: "agentcore models -o json | jq '.[] | select(.trouble)'", explanation: "What is in trouble" },
    { command: "agentcore chat smart", explanation: "Talk to one of them" },
  ],
  async run(invocation) {
    const client = await invocation.client();
    const models = await client.models();
    await invocation.output.table(
      invocation.globals.format,
      models,
      ["name", "model", "price", "context", "output", "trouble"],
      models.map((model) => [
        ...[model.name, behind(model), priceOf(model), model.contextWindow, model.maxOutputTokens, model.trouble],
      ]),
    );
    return 0;
  },
});

const behind = ({ provider, model, candidates, fallback = [] }: ModelSummary): string => {
  const first = candidates?.join(" | ") ?? [provider, model].filter((part) => part !== undefined).join("/");
  return [first, ...fallback].join(", then ");
};

const priceOf = ({ price }: ModelSummary): string | undefined =>
  price === undefined ? undefined : `${price.input} / ${price.output}`;
