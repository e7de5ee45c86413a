import { foldName } from "./person-name.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  AT: ["Austria", "Österreich", "AUT"],
  BE: ["Belgium", "Belgique", "België", "BEL"],
  BG: ["Bulgaria", "BGR"],
  BR: ["Brazil", "BRA"],
  CA: ["Canada", "CAN"],
  CH: ["Switzerland", "Schweiz", "CHE"],
  CN: ["China", "CHN"],
  CZ: ["Czechia", "Czech Republic", "CZE"],
  DE: ["Germany", "Deutschland", "DEU", "GER"],
  DK: ["Denmark", "DNK"],
  EE: ["Estonia", "EST"],
  ES: ["Spain", "España", "ESP"],
  FI: ["Finland", "Suomi", "FIN"],
  FR: ["France", "FRA"],
  GB: ["United Kingdom", "Great Britain", "England", "Scotland", "Wales", "UK", "GBR"],
  GR: ["Greece", "GRC"],
  HR: ["Croatia", "HRV"],
  HU: ["Hungary", "HUN"],
  IE: ["Ireland", "Éire", "IRL"],
  IN: ["India", "IND"],
  IT: ["Italy", "Italia", "ITA"],
  JP: ["Japan", "JPN"],
  LT: ["Lithuania", "LTU"],
  LU: ["Luxembourg", "LUX"],
  LV: ["Latvia", "LVA"],
  MX: ["Mexico", "MEX"],
  NL: ["Netherlands", "The Netherlands", "Nederland", "Holland", "NLD"],
  NO: ["Norway", "Norge", "NOR"],
  PL: ["Poland", "Polska", "POL"],
  PT: ["Portugal", "PRT"],
  RO: ["Romania", "ROU"],
  RS: ["Serbia", "SRB"],
  RU: ["Russia", "Russian Federation", "RUS"],
  SE: ["Sweden", "Sverige", "SWE"],
  SI: ["Slovenia", "SVN"],
  SK: ["Slovakia", "SVK"],
  TR: ["Turkey", "Türkiye", "TUR"],
  UA: ["Ukraine", "UKR"],
  US: ["United States", "United States of America", "USA"],
};
const codes = new Map(
  Object.entries(names).flatMap(([code, list]) => [code, ...list].map((name) => [foldName(name), code])),
);

/** Finds written-out country names in running text; codes are left out, they read like words. */
export const countryPattern = new RegExp(
  `(?<!\\p{L})(?:${Object.values(names)
    .flat()
    .filter((name) => !/^[A-Z]{2,3}$/.test(name))
    .sort((a, b) => b.length - a.length)
    .join("|")})(?!\\p{L})`,
  "giu",
);

/** A name or code, alone or at the end of an address (`Graz, Austria`), as ISO 3166 alpha-2. */
export function parseCountry(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/[.;]$/, "")
    .replace(/\s*\([A-Za-z]{2,3}\)$/, "");
  return codes.get(foldName(plain)) ?? codes.get(foldName(plain.split(",").at(-1) ?? ""));
}

export function countryName(code: string): string {
  return names[code]?.[0] ?? code;
}
