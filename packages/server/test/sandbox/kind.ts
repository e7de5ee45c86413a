export const KIND = "sandboxed";
