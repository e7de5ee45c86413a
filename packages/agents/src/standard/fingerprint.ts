/** 16 hexadecimal digits: two FNV-1a sums (RFC draft-eastlake-fnv), which tell groups apart and keep nothing secret. */
export const fingerprint = (...parts: readonly string[]): string => {
  const text = parts.join("\u0000");
  return `${fnv(text, 0x81_1c_9d_c5)}${fnv(text, 0x01_00_01_93)}`;
};

const fnv = (text: string, basis: number): string => {
  let sum = basis;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01_00_01_93);
  return (sum >>> 0).toString(16).padStart(8, "0");
};
