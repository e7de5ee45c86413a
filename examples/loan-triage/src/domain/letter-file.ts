import { createHash } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** File systems allow 255 bytes; the rest is for what is added here and while writing. */
const maximumNameBytes = 180;

export function letterFileName(application: string, stage: "first" | "final"): string {
  const isLong = Buffer.byteLength(application) > maximumNameBytes;
  const digest = createHash("sha256").update(application).digest("hex").slice(0, 12);
  // Cut at whole characters: half a surrogate pair is no name.
  const name = isLong ? `${Array.from(application).slice(0, 40).join("")}-${digest}` : application;
  return stage === "final" ? `${name}.after-review.txt` : `${name}.txt`;
}

/** Written aside and renamed, so that nobody reads half a letter. `writeKey` is the same on every try: a try after a crash
 *  takes the place of the one before, also of what it left behind. */
export async function writeLetterFile(
  { directory, name, text }: { directory: string; name: string; text: string },
  writeKey: string,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, name);
  const draft = join(directory, `.${name}.${writeKey.slice(0, 16)}.draft`);
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return path;
}
