/** What tests written in TypeScript use of `bundle.mjs`. */
export declare const packageFolders: readonly string[];
export declare const manifestOf: (folder: string) => {
  readonly name: string;
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
};
export declare const bundlePackages: (distOf: (folder: string) => string) => Promise<unknown>;
