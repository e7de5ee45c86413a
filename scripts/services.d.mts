/** What tests written in TypeScript use of `services.mjs`. */
export declare const startOwnPostgres: (settings?: Readonly<Record<string, string>>) => {
  readonly url: string;
  readonly stop: () => void;
  readonly restart: () => Promise<void>;
} | null;
