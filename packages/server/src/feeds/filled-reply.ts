import { memberAt } from "@agentcore/contract";

const PLACE = /^\{([\w@$-]+(?:\.[\w@$-]+){0,9})\}$/;

/** JSON in which texts that are `{path}` stand for what stands there in `message`; what does not is left out. */
export const filledReply = (template: unknown, message: unknown): unknown => {
  if (typeof template === "string") {
    const path = PLACE.exec(template)?.[1];
    return path === undefined ? template : memberAt(message, path);
  }
  if (typeof template !== "object" || template === null) return template;
  if (Array.isArray(template))
    return template.map((each: unknown) => filledReply(each, message)).filter((each) => each !== undefined);
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, each]) => {
      const value = filledReply(each, message);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
};
