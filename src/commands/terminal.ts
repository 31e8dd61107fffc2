/** What a command is given of the process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Somebody types and reads. */
  readonly isInteractive: boolean;
}

/** 0: all is well; 1: there are problems; 2: wrong usage or environment; 3: what is missing will come by itself. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Wrong usage that only the command itself can see. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}
