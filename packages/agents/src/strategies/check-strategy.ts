import { parseInput } from "@agentcore/contract";
import { PlatformError, type StrategySpec, type Tool } from "@agentcore/sdk";
import { z } from "zod";

type Shape = Readonly<Record<string, z.ZodType>>;

/** Throws INVALID_ARGUMENT with every option that is wrong. What was left out has its default. */
export const checkStrategy = <S extends Shape>(name: string, shape: S, options: unknown): z.output<z.ZodObject<S>> =>
  parseInput(z.strictObject(shape), options, `the options of ${name}()`) as never;

/** Of a strategy that calls none: tools that nobody would call are a mistake. Throws INVALID_ARGUMENT. */
export const refuseTools = (strategy: string, { name, tools }: StrategySpec<unknown>): void => {
  if (tools.length === 0) return;
  const names = (tools as readonly Tool[]).map((tool) => tool.name).join(", ");
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `agent "${name}": tools: expected none, as ${strategy} calls no tools, got ${names}; take react or planAndExecute`,
  );
};

/** A count from 1, with a default. */
export const count = (most: number, fallback: number) => z.int().min(1).max(most).default(fallback);

// What one part came to is read again by all parts after it.
const MAX_TEXT = 4000;

/** As much of a text as others are told of it. */
export const told = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)} [cut: ${text.length - MAX_TEXT} characters more]`;
