/** Of package.json, which the one-file program has not at hand. */
export const version = "0.1.0";
