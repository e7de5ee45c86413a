/** `/api/v1/tasks/{id}` as a matcher of paths. */
export interface PathTemplate {
  readonly names: readonly string[];
  /** The decoded values, or null. */
  match(path: string): Readonly<Record<string, string>> | null;
}

export const pathTemplate = (template: string): PathTemplate => {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const source = template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "([^/]+)");
  const pattern = new RegExp(`^${source}$`);
  return {
    names,
    match(path) {
      const found = pattern.exec(path);
      if (found === null) return null;
      try {
        return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? "")]));
      } catch {
        return null;
      }
    },
  };
};
