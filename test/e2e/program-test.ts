import { type TestContext, type TestOptions, test } from "node:test";

/**
 * A test of the operator as a process of its own. It runs with the built program (`npm run e2e`, always in CI): starts from the sources take
 * seconds each, and `npm test` would be much longer.
 */
export function programTest(name: string, run: (t: TestContext) => Promise<void>, { skip }: Pick<TestOptions, "skip"> = {}): void {
  void test(name, { skip: process.env.OPERATOR_PROGRAM ? skip : "needs the built program: npm run build && npm run e2e" }, run);
}
