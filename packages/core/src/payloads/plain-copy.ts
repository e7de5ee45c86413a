/** Of what `assertSerialisable` lets pass: whoever has the one may change it, and the other stays as it is. */
export const plainCopy = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plainCopy);
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const member = plainCopy((value as Record<string, unknown>)[key]);
    // Set as any other it would be the copy's prototype.
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true });
    else copy[key] = member;
  }
  return copy;
};
