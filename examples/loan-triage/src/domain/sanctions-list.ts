export interface SanctionsEntry {
  readonly list: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dateOfBirth: string | undefined;
}

/** Invented persons. A real list comes from its authority and is refreshed daily. */
export const sanctionsList: readonly SanctionsEntry[] = [
  { list: "EX-CONSOLIDATED", name: "Viktor Drazhenko", aliases: ["Wiktor Drazenko"], dateOfBirth: "1968-02-29" },
  { list: "EX-CONSOLIDATED", name: "Samira Al-Tuwairi", aliases: ["Samira Tuwairi"], dateOfBirth: "1975-11-03" },
  { list: "EX-CONSOLIDATED", name: "Octavio Belmondez", aliases: [], dateOfBirth: "1981-07-17" },
  { list: "EX-ASSETS", name: "Ljubomir Kostrava", aliases: ["Lubomir Kostrava"], dateOfBirth: "1959-05-30" },
  { list: "EX-ASSETS", name: "Hong Zhenlaio", aliases: [], dateOfBirth: "1972-09-12" },
];
