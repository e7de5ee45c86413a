import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { generateSet } from "../../generator/generate-set.ts";
import { policy } from "./policy.ts";
import { screenAgainstList } from "./screen-against-list.ts";
import { triageDocument } from "./triage-document.ts";

const root = join(import.meta.dirname, "../..");
const Expected = z.object({ decision: z.string(), reasons: z.array(z.string()), score: z.number().nullable() });

async function outcomeOf(bytes: Uint8Array) {
  const { decision } = await triageDocument(bytes, {
    receivedOn: "2026-11-01",
    screen: (request) => ({ status: "answered", source: "test", answer: screenAgainstList(request) }),
  });
  return {
    decision: decision.outcome,
    reasons: decision.reasons.map(({ code }) => code).sort(),
    score: decision.score,
  };
}

describe("the whole triage", () => {
  it("agrees with the expected outcome of every committed application", async () => {
    const names = await readdir(join(root, "data/applications"));
    let agreed = 0;
    for (const name of names) {
      const expected = Expected.parse(JSON.parse(await readFile(join(root, "data/expected", `${name}.json`), "utf8")));
      expect({ name, ...(await outcomeOf(await readFile(join(root, "data/applications", name)))) }).toEqual({
        name,
        ...expected,
      });
      agreed += 1;
    }
    console.log(`committed set: ${agreed} of ${names.length} as expected`);
    expect(names.length).toBeGreaterThanOrEqual(14);
  });

  it("the committed set is what seed 1 generates today", async () => {
    for (const { fileName, bytes } of await generateSet({ seed: 1 })) {
      expect(Buffer.from(bytes).equals(await readFile(join(root, "data/applications", fileName))), fileName).toBe(true);
    }
  });

  // A document is handed over as bytes alone: there is no name a rule could look at.
  it("agrees on fresh seeds too", async () => {
    const disagreements: unknown[] = [];
    let total = 0;
    for (let seed = 1_000; seed < 1_025; seed += 1) {
      for (const { bytes, expected, scenario } of await generateSet({ seed })) {
        const actual = await outcomeOf(bytes);
        total += 1;
        if (
          JSON.stringify(actual) !==
          JSON.stringify({ decision: expected.decision, reasons: expected.reasons, score: expected.score })
        )
          disagreements.push({ seed, scenario, expected, actual });
      }
    }
    console.log(`fresh seeds: ${total - disagreements.length} of ${total} as expected`);
    expect(disagreements).toEqual([]);
  }, 60_000);
});

it("the README publishes the numbers of the policy", async () => {
  const readme = (await readFile(join(root, "README.md"), "utf8")).replace(/ +/g, " ");
  const euro = (cents: number) => `€${(cents / 100).toLocaleString("en-US")}`;
  const published = [
    `${(policy.annualRate * 100).toFixed(1)} %`,
    euro(policy.livingAllowanceCents),
    `${policy.assumedHousingShare * 100} % of income`,
    `**${policy.approveFrom}**`,
    `**${policy.declineBelow}**`,
    euro(policy.minimumAmountCents),
    euro(policy.maximumAmountCents),
    euro(policy.largeAmountCents),
    `${policy.minimumTermMonths} to ${policy.maximumTermMonths} months`,
    policy.servedCountries.join(", "),
    `${policy.incomeToleranceShare * 100} %`,
    `${policy.cashShareLimit * 100} %`,
    ...Object.values(policy.weights).map((weight) => `| ${weight} |`),
  ];
  expect(published.filter((text) => !readme.includes(text))).toEqual([]);
});
