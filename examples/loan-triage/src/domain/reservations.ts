/** What is promised to applicants: one file a reservation, so that any number of processes may write and anybody can look. */
import { createHash } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";

export const Reservation = z.object({
  path: z.string(),
  application: z.string(),
  amountCents: z.int().positive(),
  /** Released money is free for others again. */
  state: z.enum(["reserved", "released"]),
});
export type Reservation = z.infer<typeof Reservation>;

/** One lender has one book, whatever folder an application came in: it lies beside the letters. */
export function reservationsDirectoryOf(lettersDirectory: string): string {
  return join(dirname(lettersDirectory), "loan-reservations");
}

export interface ReservationRequest {
  readonly directory: string;
  readonly application: string;
  readonly amountCents: number;
}

/** Sets the amount aside. Under one key it is done once, however often it is tried; what was released since stays released. */
export async function reserve(
  { directory, application, amountCents }: ReservationRequest,
  key: string,
): Promise<Reservation> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${createHash("sha256").update(`${application}\n${key}`).digest("hex")}.json`);
  const reservation: Reservation = { path, application, amountCents, state: "reserved" };
  await place(reservation, async (draft) => {
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  });
  return reservation;
}

/** Gives the amount back. Once or several times is the same. */
export async function release(reservation: Reservation): Promise<Reservation> {
  const released: Reservation = { ...reservation, state: "released" };
  await place(released, (draft) => rename(draft, reservation.path));
  return released;
}

/** All that were ever made. A folder that is not there holds none. */
export async function readReservations(directory: string): Promise<Reservation[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".json"));
  return Promise.all(
    files.map(async (name) => Reservation.parse(JSON.parse(await readFile(join(directory, name), "utf8")))),
  );
}

/** Written aside first, so that nobody reads half of one. */
async function place(reservation: Reservation, put: (draft: string) => Promise<void>): Promise<void> {
  const { path } = reservation;
  const draft = join(dirname(path), `.${basename(path)}.${reservation.state}.draft`);
  try {
    await writeFile(draft, `${JSON.stringify(reservation, null, 2)}\n`);
    await put(draft);
  } finally {
    await rm(draft, { force: true });
  }
}
