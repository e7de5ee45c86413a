const READERS = Symbol("readers");

type Readers<Whole, Live extends keyof Whole> = { readonly [Name in Live]: () => Whole[Name] };

/**
 * Gives objects properties that are read anew whenever someone looks. They are the object's own, so that a copy has them too, and have one
 * getter for all objects: what getters that are closures of each object see was found to stay in V8 until the next full collection, and
 * making them takes twice as long.
 */
export const withLiveProperties = <Whole extends object, Live extends keyof Whole & string>(
  names: readonly Live[],
): ((fixed: Omit<Whole, Live>, readers: Readers<Whole, Live>) => Whole) => {
  const properties = names.map((name): readonly [Live, PropertyDescriptor] => [
    name,
    {
      enumerable: true,
      configurable: true,
      // Also of what wraps the object or inherits from it.
      get(this: { readonly [READERS]: Readers<Whole, Live> }) {
        return this[READERS][name]();
      },
    },
  ]);
  return (fixed, readers) => {
    Object.defineProperty(fixed, READERS, { value: readers });
    for (const [name, property] of properties) Object.defineProperty(fixed, name, property);
    return fixed as Whole;
  };
};
