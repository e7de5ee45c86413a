/** JSON in which texts that are `{name}` stand for parameters. */

/** Names of the parameters that it takes. */
export const placesInValue = (template: unknown): readonly string[] => {
  if (typeof template === "string") return /^\{[a-zA-Z]\w{0,63}\}$/.test(template) ? [template.slice(1, -1)] : [];
  return typeof template === "object" && template !== null ? Object.values(template).flatMap(placesInValue) : [];
};

/** A value in which texts that are `{name}` stand for parameters, as they are; those that were not given are left out. */
export const filledValue = (template: unknown, parameters: Readonly<Record<string, unknown>>): unknown => {
  if (typeof template === "string") {
    const [, name] = /^\{([a-zA-Z][\w]{0,63})\}$/.exec(template) ?? [];
    if (name === undefined) return template;
    return Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  }
  if (Array.isArray(template))
    return template.map((each: unknown) => filledValue(each, parameters)).filter((each) => each !== undefined);
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).flatMap(([key, each]) => {
      const value = filledValue(each, parameters);
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
};
