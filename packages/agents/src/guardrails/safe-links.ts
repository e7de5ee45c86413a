import { parseInput } from "@agentcore/contract";
import { type Guardrail, guardrail } from "@agentcore/sdk";
import { z } from "zod";
import { standsIn } from "./normal-text.ts";
import { linksIn } from "./targets-in.ts";
import { mapTexts } from "./texts-in.ts";
import { ownWords, receivedWords } from "./words-of-task.ts";

const shape = {
  /** Hosts, with those below them, that may be shown. */
  hosts: z
    .array(z.string().regex(/^[\p{L}\p{N}.-]{1,253}$/u))
    .max(200)
    .default([]),
  /** verbatim: links to others may stand there too, if what was received has them word for word; pictures may not, as they are opened by being shown. */
  others: z.enum(["verbatim", "none"]).default("verbatim"),
};
export const safeLinksSchema = z.strictObject(shape);
export type SafeLinksOptions = z.input<typeof safeLinksSchema>;

// What follows the link begins with a space, so that there is one way to read it.
const PICTURE = /!\[(?<text>[^\]]{0,500})\]\((?<link>[^)\s]{1,2000})(?:\s[^)]{0,200})?\)/g;

/** Takes links out of answers that a model has made itself, and pictures of strangers: both can carry away what it knows. */
export const safeLinks = (options: SafeLinksOptions = {}): Guardrail => {
  const { hosts, others } = parseInput(safeLinksSchema, options, "the options of safeLinks()");
  return guardrail({
    name: "safe-links",
    output(value, ctx, about) {
      const own = ownWords(ctx, about, true);
      const isKnown = (host: string | undefined): boolean =>
        host !== undefined &&
        (own.hosts.has(host) ||
          hosts.some((each) => host === each.toLowerCase() || host.endsWith(`.${each.toLowerCase()}`)));
      let received: readonly string[] | null = null;
      const isReceived = (link: string): boolean => {
        received ??= receivedWords(about, true).texts;
        return received.some((text) => standsIn(text, link));
      };
      const gone = new Set<string>();
      const remove = (host = "no host"): string => {
        gone.add(host);
        return `[link to ${host} removed]`;
      };
      const clean = mapTexts(value, (text) => {
        const withoutPictures = text.replace(PICTURE, (picture, alt: string, link: string) => {
          const [target] = linksIn(link);
          return target === undefined || isKnown(target.host) ? picture : `${alt} ${remove(target.host)}`.trim();
        });
        let left = withoutPictures;
        for (const { text: link, host, written = link } of linksIn(withoutPictures))
          if (!isKnown(host) && (others === "none" || !isReceived(link)))
            left = left.replaceAll(written, () => remove(host));
        return left;
      });
      return gone.size === 0 ? undefined : { change: clean, reason: `links to ${[...gone].slice(0, 10).join(", ")}` };
    },
  });
};
