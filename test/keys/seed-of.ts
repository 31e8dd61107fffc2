/** What is secret of an Ed25519 key in OpenSSH's format; the public half stands in the file too, twice. */
function seedOf(privateKey: string): Buffer {
  const bytes = Buffer.from(privateKey.split("\n").slice(1, -2).join(""), "base64");
  const name = Buffer.from("ssh-ed25519");
  const at = bytes.indexOf(name) + name.length + 4;
  const publicHalf = bytes.subarray(at, at + 32);
  const last = bytes.lastIndexOf(publicHalf);
  return bytes.subarray(last - 32, last);
}

/** Whether the text shows a telling part of it, as hexadecimal digits or as base64 of any alignment. */
export function showsPrivateHalf(text: string, privateKey: string): boolean {
  const seed = seedOf(privateKey);
  const forms = [0, 1, 2].map((skipped) => seed.subarray(skipped).toString("base64").slice(0, 16));
  return [...forms, seed.toString("hex").slice(0, 16)].some((form) => text.includes(form));
}
