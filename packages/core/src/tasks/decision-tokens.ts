/**
 * Tokens by which people answer: an HMAC over the question, what it shows, and who is asked, under a secret of the task that lies beside its
 * log as granted credentials do. Nothing of the secret stands in log or mail.
 */
import { canonicalJson } from "../payloads/canonical-json.ts";
import type { Digest, TaskKey } from "../ports/index.ts";
import { type Approval, CONTENT_HASH_DIGITS, partOf, type TokenProof } from "./approvals.ts";

/** Names one question of one task: the same whoever makes it, and never that of another call or of another turn. */
export const approvalId = (
  digest: Digest,
  { tenantId, taskId }: TaskKey,
  checkpointSeq: number,
  path: string,
): string => digest.sha256(JSON.stringify(["approval", tenantId, taskId, checkpointSeq, path])).slice(0, 32);

/** Members in the order of their names: a store may keep them in another. */
export const contentHashOf = (
  digest: Digest,
  { prompt, show, choices }: { readonly prompt: string; readonly show?: unknown; readonly choices: readonly string[] },
): string => digest.sha256(canonicalJson([prompt, show, choices]));

interface TokenTerms {
  readonly question: string;
  readonly contentHash: string;
  readonly part: number;
}

const sign = (digest: Digest, secret: string, approver: string, { question, contentHash, part }: TokenTerms): string =>
  digest.hmacSha256(secret, JSON.stringify(["decision", question, contentHash, approver, part]));

/** Good for one answer of that approver to that question, as it is now. */
export const tokenFor = (digest: Digest, secret: string, approval: Approval, approver: string): string => {
  const { id, contentHash } = approval.question;
  const terms = {
    question: id,
    contentHash: contentHash.slice(0, CONTENT_HASH_DIGITS),
    part: partOf(approval, approver),
  };
  return [terms.question, terms.contentHash, terms.part, sign(digest, secret, approver, terms)].join(".");
};

const TOKEN = /^([0-9a-f]{32})\.([0-9a-f]{32})\.(\d{1,6})\.([0-9a-f]{64})$/;

/** What a token says of itself, and whose it is. `secret`: null when nobody was given any; `others`: who may have been given one. */
export const readToken = (
  digest: Digest,
  secret: string | null,
  token: string,
  approver: string,
  others: Iterable<string>,
): Partial<TokenTerms> & { readonly proof: TokenProof } => {
  const [, question = "", contentHash = "", part = "", signature = ""] = TOKEN.exec(token) ?? [];
  if (secret === null || signature === "") return { proof: "forged" };
  const terms = { question, contentHash, part: Number(part) };
  // Of digests, so that the time it takes says nothing about what was expected.
  const isOf = (name: string): boolean => digest.sha256(sign(digest, secret, name, terms)) === digest.sha256(signature);
  if (isOf(approver)) return { ...terms, proof: "genuine" };
  for (const name of others) if (isOf(name)) return { ...terms, proof: "foreign" };
  return { ...terms, proof: "forged" };
};
