/**
 * Fault points for crash tests: every call of a port is two places where a process can die, before anything happened
 * and after everything did. They are generated from the calls that are made, so that no place is forgotten.
 */

/** `<name>.<method>.before#<n>` or `<name>.<method>.after#<n>`; `n` counts the calls of that method from 1. */
export type OnFaultPoint = (point: string) => void;

/**
 * The port, with every method call reported. "after" comes when the call has returned, thrown or its promise has
 * settled, before the caller learns of it. What `onPoint` throws, the call throws. Calls that the port makes on itself
 * are not reported; functions that a method returns are not wrapped.
 */
export const withFaultPoints = <Port extends object>(port: Port, name: string, onPoint: OnFaultPoint): Port => {
  const wrapped = new Map<PropertyKey, unknown>();
  const wrap = (property: string, method: (...args: unknown[]) => unknown): unknown => {
    let calls = 0;
    return (...args: unknown[]): unknown => {
      calls += 1;
      const call = calls;
      const after = (): void => onPoint(`${name}.${property}.after#${call}`);
      onPoint(`${name}.${property}.before#${call}`);
      let result: unknown;
      try {
        result = Reflect.apply(method, port, args);
      } catch (error) {
        after();
        throw error;
      }
      if (result instanceof Promise) return result.finally(after);
      after();
      return result;
    };
  };
  // An heir of the port, because a proxy of a frozen object may not show other methods than the object has.
  return new Proxy(Object.create(port) as Port, {
    get(_heir, property) {
      const value: unknown = Reflect.get(port, property, port);
      if (typeof value !== "function" || typeof property !== "string") return value;
      if (!wrapped.has(property)) wrapped.set(property, wrap(property, value as (...args: unknown[]) => unknown));
      return wrapped.get(property);
    },
  });
};
