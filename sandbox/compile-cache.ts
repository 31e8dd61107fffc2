const { NODE_COMPILE_CACHE } = process.env;

/** For the environment of a program that starts from the sources: `npm test` sets it, so that they are compiled once, not at every start. */
export const compileCache: Readonly<Record<string, string>> = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
