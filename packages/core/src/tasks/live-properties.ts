/**
 * Makes objects with properties that are read anew whenever someone looks. They are the object's own, so that a copy has them too, and
 * have one getter for all objects: V8 gives an object whose getters are closures a hidden class of its own, which stays, with all that
 * the closures see, until the next full collection.
 */
export const withLiveProperties = <Whole extends object, Live extends keyof Whole, Source>(
  readers: {
    readonly [Name in Live]: (source: Source) => Whole[Name];
  },
): ((source: Source, fixed: Omit<Whole, Live>) => Whole) => {
  class Carrier {
    readonly #source: Source;

    constructor(source: Source, fixed: object) {
      this.#source = source;
      Object.assign(this, fixed);
      for (const [name, property] of properties) Object.defineProperty(this, name, property);
    }

    static read<Value>(carrier: Carrier, reader: (source: Source) => Value): Value {
      return reader(carrier.#source);
    }
  }
  const properties = Object.entries<(source: Source) => unknown>(readers).map(
    ([name, reader]): readonly [string, PropertyDescriptor] => [
      name,
      {
        enumerable: true,
        get(this: Carrier) {
          return Carrier.read(this, reader);
        },
      },
    ],
  );
  return (source, fixed) => new Carrier(source, fixed) as unknown as Whole;
};
