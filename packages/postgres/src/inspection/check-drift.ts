import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import { quoteIdentifier } from "../database.ts";
import { createAll, isDefinedHere } from "../migrations.ts";
import { compareSchemas } from "./compare-schemas.ts";
import type { DatabaseFinding } from "./database-finding.ts";
import { describeSchema } from "./describe-schema.ts";
import { messageOf } from "./message-of.ts";

// Added by a node once the database has the extension `vector`, in no step (pgvector.ts).
const VECTOR_COLUMN = "column vectors.direction";

/** Whether a schema of this version is as this version makes it; called outside of a transaction. */
export const checkDrift = async (
  client: ClientBase,
  schema: string,
  mayCreate: boolean,
): Promise<readonly DatabaseFinding[]> => {
  const check = "schema drift";
  if (!mayCreate)
    return [
      {
        ...{ check, status: "warn", detail: "not checked: this user may not create a schema to compare with" },
        nextStep: "Connect as a user with the right to create in the database.",
      },
    ];
  const compared = await compareWithFresh(client, schema).catch(messageOf);
  if (typeof compared === "string") return [{ check, status: "warn", detail: `not checked: ${compared}` }];
  const { wrong, extra, isOfThisVersion } = compared;
  const others = extra.filter((object) => object !== VECTOR_COLUMN);
  return [
    ...(wrong.length === 0 ? [{ check, status: "ok" as const, detail: "none: it is as this version makes it" }] : []),
    ...wrong.map((detail) => ({ check, ...judge(detail, isOfThisVersion) })),
    ...others.map((detail) => ({ check, status: "ok" as const, detail: `${detail} is not of AgentCore` })),
  ];
};

/** Functions of another version are replaced by the next start; those that somebody has edited are not noticed by it. */
const judge = (detail: string, isOfThisVersion: boolean): Omit<DatabaseFinding, "check"> => {
  if (!detail.startsWith("function "))
    return { status: "fail", detail, nextStep: "With no node running, put it back by hand, or restore the database." };
  return isOfThisVersion
    ? {
        status: "fail",
        detail,
        nextStep: "delete from agentcore.functions, and start a node, which defines them anew.",
      }
    : { status: "warn", detail, nextStep: "The next node of this version that starts defines it as it should be." };
};

/** In one transaction that is rolled back: the schema made afresh under a name of its own, and both described. */
const compareWithFresh = async (client: ClientBase, schema: string) => {
  const fresh = `${schema.slice(0, 40)}_doctor_${randomBytes(6).toString("hex")}`;
  await client.query("begin");
  try {
    await client.query("set local lock_timeout = '5s'");
    await client.query(`create schema ${quoteIdentifier(fresh)}`);
    await client.query(`set local search_path = ${quoteIdentifier(fresh)}`);
    await createAll(client, quoteIdentifier(fresh));
    const expected = await describeSchema(client, fresh);
    const actual = await describeSchema(client, schema);
    const isOfThisVersion = await isDefinedHere(client, quoteIdentifier(schema));
    return { ...compareSchemas(expected, actual), isOfThisVersion };
  } finally {
    await client.query("rollback");
  }
};
