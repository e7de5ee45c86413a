/** Addresses with places for parameters: `https://shop.example/orders/{order}?since={day}`. What is put in is one piece of path or query, and nothing more. */
import { invalidArgument } from "@agentcore/contract";

const PLACE = /\{([a-zA-Z][\w]{0,63})\}/g;
const ORIGIN = /^https?:\/\/[^/?#{}\s@]+(?=[/?]|$)/;

/** Names of the places in a text. */
export const placesIn = (text: string): readonly string[] => [...text.matchAll(PLACE)].map(([, name]) => name ?? "");

/** Why it is no such address, or undefined. Whom it is sent to is no parameter. */
export const faultOf = (address: string): string | undefined => {
  if (!ORIGIN.test(address)) return "expected http:// or https:// with a host, in which nothing stands for a parameter";
  return /[{}]/.test(address.replace(PLACE, "")) ? "expected places as {name}" : undefined;
};

/** Throws INVALID_ARGUMENT for a parameter that is missing, or leads elsewhere in the path. */
export const filled = (address: string, parameters: Readonly<Record<string, string | number | boolean>>): string =>
  address.replace(PLACE, (_, name: string, at: number) => {
    const value = parameters[name];
    if (value === undefined)
      throw invalidArgument("the parameters", [{ field: name, description: "expected: the address needs it" }]);
    const text = String(value);
    // Servers take these for the way up, encoded or not, and many take %2F for a slash.
    const isInPath = !address.slice(0, at).includes("?");
    const isWay = isInPath && text.split(/[\\/]/).some((piece) => piece === "." || piece === "..");
    if (text === "" || !text.isWellFormed() || isWay)
      throw invalidArgument("the parameters", [{ field: name, description: `"${text}" is no piece of an address` }]);
    return encodeURIComponent(text).replace(
      /[!'()*]/g,
      (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  });
