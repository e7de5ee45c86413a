/** UTF-8 bytes of what a model reads: a tokenizer makes no more tokens than that, and for most text a quarter. */
import type { ModelMessage, ModelRequest, Tool } from "@agentcore/contract/authoring";
import { JSON_INSTRUCTION } from "./render-request.ts";

const bytesOf = (value: unknown): number => {
  if (value === undefined) return 0;
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return Buffer.byteLength(text);
};

const sum = <Item>(items: readonly Item[], measure: (item: Item) => number): number =>
  items.reduce((total, item) => total + measure(item), 0);

const messageBytes = ({ content, toolCalls = [], toolCallId, toolName }: ModelMessage): number =>
  bytesOf(content) +
  bytesOf(toolCallId) +
  bytesOf(toolName) +
  sum(toolCalls, ({ id, name, input }) => bytesOf(id) + bytesOf(name) + bytesOf(input));

const toolBytes = ({ name, description, inputJsonSchema }: Tool): number =>
  bytesOf(name) + bytesOf(description) + bytesOf(inputJsonSchema);

const outputBytes = (output: ModelRequest["output"]): number => {
  if (output === undefined) return 0;
  return output.schema === undefined ? bytesOf(JSON_INSTRUCTION) : bytesOf(output.name) + bytesOf(output.schema);
};

export const countBytes = ({ messages, tools = [], output }: ModelRequest): number =>
  sum(messages, messageBytes) + sum(tools, toolBytes) + outputBytes(output);
