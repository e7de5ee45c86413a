import { expect, test } from "vitest";
import { hearGuarded } from "./hear-guarded.ts";

test.each(["x", undefined, "null", '{"type":"bad"}'])(
  "what is no message ends what sent it, not the node: %s",
  (text) => {
    const seen: string[] = [];
    const hear = hearGuarded(
      (message) => {
        if ((message.type as string) === "bad") throw new Error("it cannot be decoded");
        seen.push(message.type);
      },
      () => seen.push("killed"),
    );
    hear('{"type":"quiet","run":1,"turn":1}');
    hear(text);
    expect(seen).toEqual(["quiet", "killed"]);
  },
);
