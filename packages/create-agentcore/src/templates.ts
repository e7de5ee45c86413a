export interface Template {
  readonly name: string;
  readonly description: string;
  /** An agent of it that answers without a key. */
  readonly agent: string;
}

/** What a project may begin with, the simplest first. Each is a folder of `templates/`. */
export const TEMPLATES: readonly Template[] = [
  {
    name: "yaml",
    description: "An agent without code: rules in a file, and a model if you have one",
    agent: "opening-hours",
  },
  { name: "typescript", description: "An agent in TypeScript, with a test that crashes it", agent: "greeter" },
  {
    name: "model",
    description: "An agent that thinks: rules, tools and a model, tested without a key",
    agent: "order-desk",
  },
  { name: "team", description: "Agents that hand work to each other, and a conversation of them", agent: "help-desk" },
];
